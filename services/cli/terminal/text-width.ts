/** How wide text is on a terminal, and how to make it fit: columns are not characters (CJK is two wide, accents none). */

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const onlyAscii = /^[\x20-\x7e]*$/;
const pictograph = /\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F/u;
const zeroWide = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
const wide =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F200}-\u{1F2FF}\u{20000}-\u{3FFFD}]/u;
// Written so because a literal may hold no control character; a colour sequence begins with one.
const colour = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/** Columns that text takes; our own colour sequences count nothing. */
export function textWidth(text: string): number {
  const plain = text.replace(colour, '');
  if (onlyAscii.test(plain)) return plain.length;
  let columns = 0;
  for (const { segment } of graphemes.segment(plain)) columns += graphemeWidth(segment);
  return columns;
}

/** Cuts plain text to at most `columns`, ending in `ellipsis` where something was cut; never through a character. */
export function shorten(text: string, columns: number, ellipsis = '…'): string {
  if (textWidth(text) <= columns) return text;
  const room = columns - textWidth(ellipsis);
  if (room < 0) return '';
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += graphemeWidth(segment);
    if (used > room) break;
    kept += segment;
  }
  return kept.trimEnd() + ellipsis;
}

/** Spaces up to `columns`; longer text is left as it is. */
export function padTo(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - textWidth(text)));
}

/** Words in lines of at most `columns`; a word that is longer than a line is cut. Line breaks of the text stay. */
export function wrap(text: string, columns: number): string[] {
  return text.split('\n').flatMap((paragraph) => wrapParagraph(paragraph, columns));
}

function wrapParagraph(paragraph: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of paragraph.split(' ').flatMap((part) => pieces(part, columns))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && textWidth(longer) > columns) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  lines.push(line);
  return lines;
}

function pieces(word: string, columns: number): string[] {
  if (textWidth(word) <= columns) return [word];
  const parts: string[] = [''];
  for (const { segment } of graphemes.segment(word)) {
    const last = parts.at(-1) ?? '';
    if (last !== '' && textWidth(last + segment) > columns) parts.push(segment);
    else parts[parts.length - 1] = last + segment;
  }
  return parts;
}

function graphemeWidth(grapheme: string): number {
  if (zeroWide.test(grapheme)) return 0;
  return wide.test(grapheme) || pictograph.test(grapheme) ? 2 : 1;
}
