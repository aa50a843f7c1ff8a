/** How much of a text the summary models read: comparing sentences takes time in the square of their number. */
export const MAX_SOURCE_CHARS = 50_000;
export const MAX_SENTENCES = 200;

/** A draft may be this share of the source's words, within the bounds below. */
const SHARE = 0.35;
const FEWEST_WORDS = 30;
const MOST_WORDS = 150;

/** The number of words that a good summary of a text of so many words does not exceed. */
export function wordBudget(sourceWords: number): number {
  return Math.round(Math.min(MOST_WORDS, Math.max(FEWEST_WORDS, sourceWords * SHARE)));
}
