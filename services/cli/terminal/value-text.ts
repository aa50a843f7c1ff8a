import { isJsonObject, type JsonObject, type JsonValue } from '../../../shared/envelope/json.ts';
import { padTo, textWidth, wrap } from './text-width.ts';
import { visibleLine, visibleText } from './visible-text.ts';

const dataUrl = /^data:([a-z]+\/[a-z0-9.+-]+)?[^,]*,/i;

/** A JSON value on one line, as a person would say it. Cut it to size afterwards. */
export function inlineValue(value: JsonValue): string {
  if (typeof value === 'string') return visibleLine(stringText(value));
  if (typeof value === 'number') return numberText(value);
  if (Array.isArray(value)) return listText(value);
  if (!isJsonObject(value)) return String(value);
  return Object.entries(value)
    .map(([key, item]) => {
      const text = inlineValue(item);
      return `${visibleLine(key)} ${isNested(item) ? `(${text})` : text || '-'}`;
    })
    .join(', ');
}

function listText(list: readonly JsonValue[]): string {
  if (list.length === 0) return 'none';
  return list.map(inlineValue).join(list.some(isNested) ? '; ' : ', ');
}

/** A whole JSON value as readable lines of at most `columns`: keys in a column, long text wrapped, nothing left out. */
export function valueLines(value: JsonValue, columns: number): string[] {
  if (isJsonObject(value)) return objectLines(value, columns);
  if (Array.isArray(value) && value.some(isNested)) {
    return value.flatMap((item) => hanging('- ', valueLines(item, columns - 2)));
  }
  if (typeof value === 'string') return wrap(visibleText(stringText(value)).trimEnd(), columns);
  return wrap(inlineValue(value), columns);
}

function objectLines(value: JsonObject, columns: number): string[] {
  const entries = Object.entries(value).map(([key, item]) => [visibleLine(key), item] as const);
  const longest = Math.max(0, ...entries.map(([key]) => textWidth(key)));
  // A very long key must not push every value to the right edge.
  const keyColumns = Math.min(longest, Math.floor(columns / 3)) + 2;
  return entries.flatMap(([key, item]) => {
    if (isNested(item) && inlineValue(item).length > columns - keyColumns) {
      return [key, ...hanging('  ', valueLines(item, columns - 2))];
    }
    const lines = isNested(item)
      ? [inlineValue(item)]
      : valueLines(item, Math.max(20, columns - keyColumns));
    return hanging(padTo(key, keyColumns), lines, keyColumns);
  });
}

/** The first line after `mark`, the others under it. */
function hanging(mark: string, lines: readonly string[], indent = textWidth(mark)): string[] {
  return lines.map((line, index) => (index === 0 ? mark + line : ' '.repeat(indent) + line));
}

function isNested(value: JsonValue): boolean {
  return typeof value === 'object' && value !== null;
}

/** Bytes in a text are named, not shown. */
function stringText(text: string): string {
  const type = dataUrl.exec(text)?.[1];
  return type === undefined ? text : `${type}, ${sizeText((text.length * 3) / 4)}`;
}

/** Confidence values have more digits than anybody reads. */
function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}

function sizeText(bytes: number): string {
  return bytes < 1_000_000
    ? `${Math.max(1, Math.round(bytes / 1000))} kB`
    : `${(bytes / 1e6).toFixed(1)} MB`;
}
