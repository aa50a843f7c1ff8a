/** How a text is written, whatever it says: figures that a classifier can weigh. Reads the text once. */
export function styleOf(text: string): number[] {
  let letters = 0;
  let capitals = 0;
  let digits = 0;
  let exclamations = 0;
  let currency = 0;
  for (const character of text) {
    if (/\p{L}/u.test(character)) letters += 1;
    if (/\p{Lu}/u.test(character)) capitals += 1;
    if (/\p{Nd}/u.test(character)) digits += 1;
    if (character === '!') exclamations += 1;
    if (/\p{Sc}|%/u.test(character)) currency += 1;
  }
  const tokens = text.split(/\s+/).filter((token) => token !== '');
  const shouted = tokens.filter((token) => /\p{Lu}{2}/u.test(token) && !/\p{Ll}/u.test(token));
  const links = tokens.filter((token) => /^(?:https?:\/\/|www\.)/i.test(token));
  const count = Math.max(1, tokens.length);
  const length = Math.max(1, text.length);
  return [
    capitals / Math.max(1, letters),
    shouted.length / count,
    digits / length,
    Math.min(5, exclamations),
    Math.min(3, currency),
    Math.min(2, links.length),
    Math.log(length),
    text.includes('!!') || text.includes('$$') ? 1 : 0,
  ];
}
