/** English words that say little about what a text is about. */
const stopWords: ReadonlySet<string> = new Set(
  `a about above after again all also am an and any are as at be because been before being below between both but by
  can could did do does doing down during each few for from further get got had has have having he her here hers him
  his how i i'd i'll i'm i've if in into is it it's its just let me more most my no nor not now of off on once only or
  other our out over own please same she should so some such than that that's the their them then there these they
  this those through to too under until up us very was we were what when where which while who whom why will with
  would you you'd you'll you're your yours don't doesn't didn't can't won't isn't`.split(/\s+/),
);

/** True for a word that carries meaning: no stop word, longer than one letter. */
export function isContentWord(word: string): boolean {
  return word.length > 1 && !stopWords.has(word);
}
