import { excerpt } from '../text/excerpt.ts';
import { sentences } from '../text/sentences.ts';
import { stem } from '../text/stem.ts';
import { isContentWord } from '../text/stop-words.ts';
import { words } from '../text/words.ts';
import { MAX_SENTENCES, MAX_SOURCE_CHARS } from './limits.ts';

/** A sentence and the stems of the words in it that carry meaning. */
export interface Sentence {
  readonly text: string;
  readonly stems: ReadonlySet<string>;
  readonly wordCount: number;
}

/** A word that the text is about: its stem, how it is written first, how often it occurs. */
export interface KeyTerm {
  readonly stem: string;
  readonly word: string;
  readonly count: number;
}

/** Splits a text, at most its first 50,000 characters and 200 sentences, into sentences. */
export function readSentences(text: string): Sentence[] {
  return sentences(excerpt(text, MAX_SOURCE_CHARS), MAX_SENTENCES).map((sentence) => {
    const all = words(sentence);
    return {
      text: sentence,
      stems: new Set(all.filter(isContentWord).map(stem)),
      wordCount: all.length,
    };
  });
}

/** The stems that occur in most sentences, most frequent first; at most `limit`. */
export function keyTerms(source: readonly Sentence[], limit: number): KeyTerm[] {
  const counts = new Map<string, { word: string; count: number }>();
  for (const { text, stems } of source) {
    const written = new Map(words(text).map((word) => [stem(word), word]));
    for (const found of stems) {
      const known = counts.get(found);
      if (known) known.count += 1;
      else counts.set(found, { word: written.get(found) ?? found, count: 1 });
    }
  }
  return [...counts]
    .map(([found, { word, count }]) => ({ stem: found, word, count }))
    .sort((a, b) => b.count - a.count)
    .slice(0, limit);
}

/** How much two sentences say the same: shared stems as a share of the shorter one's, 0 to 1. */
export function overlap(a: Sentence, b: Sentence): number {
  const [few, many] = a.stems.size < b.stems.size ? [a, b] : [b, a];
  if (few.stems.size === 0) return 0;
  let shared = 0;
  for (const found of few.stems) if (many.stems.has(found)) shared += 1;
  return shared / few.stems.size;
}

/** Number of words in all sentences together. */
export function countWords(list: readonly Sentence[]): number {
  return list.reduce((sum, { wordCount }) => sum + wordCount, 0);
}
