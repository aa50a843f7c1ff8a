import { isUtf8 } from 'node:buffer';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { firstInvisible } from '../envelope/scan-string.ts';
import type { Problem } from './problem.ts';

/** Bytes of a flow file. */
const MAX_FILE_BYTES = 256 * 1024;

/** The text of a flow file, or why it is none. Throws only when the file cannot be opened. */
export function readFlowText(file: string): string | readonly Problem[] {
  const descriptor = openSync(file, 'r');
  try {
    // Asked first: a file of any size would be read whole.
    if (fstatSync(descriptor).size > MAX_FILE_BYTES) return [tooLarge(file)];
    const bytes = readFileSync(descriptor);
    if (isUtf8(bytes)) return bytes.toString('utf8');
    const message = 'The file is no UTF-8 text: save it as UTF-8.';
    return [{ file, line: 1, column: 1, path: '', code: 'bad_utf8', message }];
  } finally {
    closeSync(descriptor);
  }
}

/**
 * What is wrong with the text as such, whatever it says. Characters that nobody sees can make a reviewer read another flow than the
 * one that runs (the attack is known as Trojan Source); a byte order mark in front is an editor's and harms nobody.
 */
export function unfitText(text: string, file: string): readonly Problem[] {
  if (Buffer.byteLength(text) > MAX_FILE_BYTES) return [tooLarge(file)];
  const offset = firstInvisible(text, text.startsWith('\ufeff') ? 1 : 0);
  if (offset === undefined) return [];
  const before = text.slice(0, offset).split('\n');
  const point = (text.codePointAt(offset) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const message = `Here stands a character that nobody sees (U+${point}): take it out, or write it as an escape in a text in double quotes.`;
  const place = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  return [{ file, ...place, path: '', code: 'invisible_text', message }];
}

function tooLarge(file: string): Problem {
  const message = `A flow file has at most ${MAX_FILE_BYTES / 1024} KiB.`;
  return { file, line: 1, column: 1, path: '', code: 'flow_file_too_large', message };
}
