import type { JsonObject, JsonValue } from '../../../shared/envelope/json.ts';
import { inlineValue } from '../terminal/value-text.ts';
import { visibleLine } from '../terminal/visible-text.ts';

/** What a job is about, on one line: its text, else its first text, else whatever it holds. Cut it to size afterwards. */
export function jobTitle(payload: JsonObject): string {
  const { text } = payload;
  if (typeof text === 'string') return visibleLine(text);
  const values = Object.values(payload);
  const words = values.find((value) => typeof value === 'string' && !value.startsWith('data:'));
  return inlineValue((words ?? payload) as JsonValue);
}
