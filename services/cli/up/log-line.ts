import { isJsonObject, type JsonObject } from '../../../shared/envelope/json.ts';
import type { Ink, Palette } from '../terminal/palette.ts';
import { padTo, textWidth, wrap } from '../terminal/text-width.ts';
import { inlineValue } from '../terminal/value-text.ts';
import { visibleLine } from '../terminal/visible-text.ts';

export interface LogSource {
  readonly name: string;
  readonly nameColumns: number;
  readonly ink: Ink;
}

/** Fields that every pino line has and the name column already tells. */
const known = new Set(['level', 'time', 'msg', 'service', 'pid', 'hostname', 'v', 'instance']);

/** One line that a service wrote, as a line of the merged log: time, name, sentence, fields. What is no JSON is kept as it is. */
export function logLine(line: string, source: LogSource, palette: Palette, nowMs: number): string {
  const record = parse(line);
  if (record === undefined) return begin(source, palette, nowMs) + visibleLine(line);
  const { time, level, msg } = record;
  const atMs = typeof time === 'number' ? time : nowMs;
  const sentence = visibleLine(typeof msg === 'string' ? msg : '');
  const fields = Object.entries(record)
    // A model's own service says its name already.
    .filter(([key, value]) => !known.has(key) && !(key === 'model' && value === record['service']))
    .map(
      ([key, value]) =>
        `${visibleLine(key)}=${inlineValue(key === 'err' ? errorText(value) : value)}`,
    )
    .join(' ');
  const words = [levelText(level, sentence, palette), palette.quiet(fields)];
  return begin(source, palette, atMs) + words.filter((word) => word !== '').join('  ');
}

/** A log line on a terminal: what does not fit goes on under its sentence. The line begins with `before` columns of time and name. */
export function wrapLogLine(line: string, before: number, columns: number): string[] {
  if (textWidth(line) < columns) return [line];
  // The first words stand in for time and name, so that the first line is filled as well.
  const [first = '', ...others] = wrap(line, columns - 1);
  const rest = others.join(' ');
  const indent = ' '.repeat(before);
  return [first, ...wrap(rest, columns - 1 - before).map((text) => indent + text)];
}

function begin(source: LogSource, palette: Palette, atMs: number): string {
  const clock = new Date(atMs).toTimeString().slice(0, 8);
  return `${palette.quiet(clock)} ${source.ink(padTo(source.name, source.nameColumns))}  `;
}

/** pino's numbers: 40 is warn, 50 and above error. */
function levelText(level: unknown, sentence: string, palette: Palette): string {
  const number = typeof level === 'number' ? level : 30;
  if (number >= 50) return palette.bad(`ERROR ${sentence}`);
  if (number >= 40) return palette.warn(`WARN ${sentence}`);
  return number < 30 ? palette.quiet(sentence) : sentence;
}

/** An error without its stack: that is for `--json`. */
function errorText(value: JsonObject[string]): string {
  if (!isJsonObject(value)) return inlineValue(value);
  return [value['code'], value['message']].filter((part) => typeof part === 'string').join(': ');
}

function parse(line: string): JsonObject | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
