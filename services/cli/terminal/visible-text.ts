/**
 * Text of a job or a model as it may reach a terminal. It is untrusted: control characters could move the cursor, set the
 * window's title or hide what was printed, and direction overrides could reverse what a person reads.
 */

const controls = /[\p{Cc}]/gu;
const directions = /[\u200E\u200F\u061C\u202A-\u202E\u2066-\u2069]/gu;
const lineBreak = '\n';

/** Safe text on several lines: line breaks stay, a tab is two spaces, every other control character becomes `�`. */
export function visibleText(text: string): string {
  return text
    .replaceAll('\r\n', lineBreak)
    .replaceAll('\t', '  ')
    .replace(controls, (character) => (character === lineBreak ? character : '\uFFFD'))
    .replace(directions, '');
}

/** Safe text on one line: every run of white space is one space. */
export function visibleLine(text: string): string {
  return visibleText(text).replace(/\s+/gu, ' ').trim();
}
