/** Longest run without white space that is analysed: natural words are shorter, and some tokenisers take quadratic time on longer ones. */
const MAX_RUN_CHARS = 60;
/** White space in a row that is kept: enough for the empty line between paragraphs. */
const MAX_SPACE_CHARS = 2;

/**
 * The part of an untrusted text that a model looks at: at most `maxChars` UTF-16 units, each run without white space
 * cut to 60 characters and each run of white space to 2. Time is linear in `maxChars`, whatever the text.
 */
export function excerpt(text: string, maxChars: number): string {
  const head = text.slice(0, maxChars).toWellFormed().replaceAll('\uFFFD', ' ');
  let result = '';
  let run = 0;
  let spaces = 0;
  for (const character of head) {
    const space = character.trim() === '';
    run = space ? 0 : run + 1;
    spaces = space ? spaces + 1 : 0;
    if (run <= MAX_RUN_CHARS && spaces <= MAX_SPACE_CHARS) result += character;
  }
  return result;
}
