import { isJsonObject, type JsonObject } from '../envelope/json.ts';
import { TransientError } from '../errors/errors.ts';
import type { SchemaProblem } from './json-schema.ts';

/**
 * The JSON object in a model's answer, checked. What models wrap around it (their reasoning, a sentence, code fences) is
 * taken off. Throws a TransientError `output_invalid`: asked again, a model may answer right.
 */
export function structuredAnswer(
  content: string,
  check: (value: unknown) => readonly SchemaProblem[],
): JsonObject {
  const value = candidates(content).map(parse).find(isJsonObject);
  if (value === undefined) throw invalid('it holds no JSON object');
  const problems = check(value);
  if (problems.length === 0) return value;
  const list = problems.map(({ pointer, message }) => `${pointer || '(root)'}: ${message}`);
  throw invalid(list.join('; '));
}

/** The texts that may be the object, the likeliest first. */
function candidates(content: string): string[] {
  const text = content.replace(/^\s*<think>[\s\S]*?<\/think>/, '').trim();
  const fenced = /```[a-z]*\s*\n([\s\S]*?)\n?\s*```/i.exec(text)?.[1] ?? '';
  const braced = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1);
  return [text, fenced, braced];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function invalid(what: string): TransientError {
  return new TransientError('output_invalid', `The model's answer cannot be used: ${what}.`);
}
