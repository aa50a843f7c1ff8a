import type { Result } from '../../../shared/envelope/envelope.ts';
import { isJsonObject, type JsonValue } from '../../../shared/envelope/json.ts';
import { durationText } from './duration.ts';
import type { RunView } from './run-view.ts';
import type { Screen } from './screen.ts';
import { stepChipLines, stepChips } from './step-chips.ts';
import { padTo, shorten, textWidth } from './text-width.ts';
import { inlineValue } from './value-text.ts';
import { visibleLine } from './visible-text.ts';

/** Lines of a run in the demonstration: one that changes while it runs, a few that stay when it has ended. */

/** Longest part of an output that is shown; the rest can be had with `--json`. */
const OUTPUT_LINES = 4;

export interface LineOptions {
  readonly screen: Screen;
  /** Width of the column of flow names. */
  readonly nameColumns: number;
  readonly nowMs: number;
  /** Counts up with each drawing; turns the spinners. */
  readonly frame: number;
}

/** The line of a run that is under way: its flow, its steps, its time. */
export function runningLine(view: RunView, options: LineOptions): string {
  const { screen, nameColumns, nowMs, frame } = options;
  const time = durationText(Math.max(0, nowMs - view.startedAtMs));
  const begin = `${screen.palette.busy(screen.symbols.begins)} ${padTo(view.flow, nameColumns)}  `;
  const room = screen.columns - 1 - textWidth(begin) - textWidth(time) - 2;
  const chips = stepChips(view.steps, room, screen, frame);
  return begin + padTo(chips, room) + screen.palette.quiet(`  ${time}`);
}

/** What stays of a finished run: what it was asked, its steps, its output. */
export function finishedLines(view: RunView, result: Result, options: LineOptions): string[] {
  const { screen, nameColumns } = options;
  const { palette, symbols, columns } = screen;
  const good = result.run.status === 'succeeded';
  const mark = good ? palette.good(symbols.succeeded) : palette.bad(symbols.failed);
  const time = durationText(elapsedMs(result));
  const indent = ' '.repeat(nameColumns + 4);
  const room = columns - 1 - indent.length;
  const titleRoom = room - textWidth(time) - 2 - 2;
  const title =
    symbols.openQuote + shorten(view.title, titleRoom, symbols.ellipsis) + symbols.closeQuote;
  const chips = stepChipLines(view.steps, room, screen);
  const body = resultLines(result, room, screen);
  return [
    `${mark} ${palette.strong(padTo(view.flow, nameColumns))}  ${padTo(title, titleRoom + 2)}  ${palette.quiet(time)}`,
    ...[...chips, ...body].map((line) => indent + line),
    '',
  ];
}

/** What came out, or why nothing did, in a few lines of at most `room` columns. */
export function resultLines(result: Result, room: number, screen: Screen): string[] {
  return result.run.status === 'succeeded'
    ? outputLines(result.payload, room, screen)
    : failureLines(result, room, screen);
}

function outputLines(payload: JsonValue, room: number, screen: Screen): string[] {
  const { palette, symbols } = screen;
  if (!isJsonObject(payload)) return [shorten(inlineValue(payload), room, symbols.ellipsis)];
  const entries = Object.entries(payload).filter(([, value]) => !isEmpty(value));
  // One line saying "and 1 more" takes as much room as that one.
  const shown = entries.slice(0, entries.length <= OUTPUT_LINES + 1 ? undefined : OUTPUT_LINES);
  const keyColumns = Math.min(
    24,
    Math.max(0, ...shown.map(([key]) => textWidth(visibleLine(key)))),
  );
  const lines = shown.map(([key, value]) => {
    const name = padTo(shorten(visibleLine(key), keyColumns, symbols.ellipsis), keyColumns);
    return `${palette.quiet(name)}  ${shorten(inlineValue(value), room - keyColumns - 2, symbols.ellipsis)}`;
  });
  const hidden = entries.length - shown.length;
  return hidden > 0 ? [...lines, palette.quiet(`and ${hidden} more`)] : lines;
}

/** Nothing missing, nothing found: not worth a line. */
function isEmpty(value: JsonValue): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

function failureLines(result: Result, room: number, screen: Screen): string[] {
  const { error, status } = result.run;
  const where = error?.step === undefined ? '' : `${error.step}: `;
  const sentence = visibleLine(`${where}${error?.message ?? `The run ended as ${status}.`}`);
  return [
    shorten(sentence, room, screen.symbols.ellipsis),
    screen.palette.bad(error?.code ?? status),
  ];
}

/** From the run's start to its end, by the coordinator's clock. */
export function elapsedMs(result: Result): number {
  return Math.max(0, Date.parse(result.run.finishedAt) - Date.parse(result.run.startedAt));
}
