const ENDINGS = [
  'ations',
  'ation',
  'ingly',
  'ings',
  'ing',
  'edly',
  'ies',
  'ied',
  'es',
  'ed',
  'ly',
  's',
];

/** A rough English stem: "charged", "charging" and "charges" become "charg". Never shorter than three letters. */
export function stem(word: string): string {
  for (const ending of ENDINGS) {
    if (word.length - ending.length >= 3 && word.endsWith(ending) && !word.endsWith('ss')) {
      const base = word.slice(0, -ending.length);
      return ending.startsWith('ie') ? `${base}y` : base;
    }
  }
  return word.length > 4 && word.endsWith('e') ? word.slice(0, -1) : word;
}
