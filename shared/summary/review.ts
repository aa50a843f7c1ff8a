import { wordBudget } from './limits.ts';
import {
  countWords,
  type KeyTerm,
  keyTerms,
  overlap,
  readSentences,
  type Sentence,
} from './source-text.ts';

/** A text to be summarised, read once for many reviews. */
export interface Source {
  readonly sentences: readonly Sentence[];
  readonly terms: readonly KeyTerm[];
  /** Words that a summary may have. */
  readonly budget: number;
}

/** How good a draft is, each part 0 to 1, and what is wrong with it. */
export interface Review {
  /** Half coverage, a quarter each of brevity and freshness. */
  readonly score: number;
  /** Share of the source's key terms that the draft names, frequent ones counting more. */
  readonly coverage: number;
  /** 1 within the word budget, falling to 0 at twice of it; below a third of the budget it falls too. */
  readonly brevity: number;
  /** 1 when no two sentences say the same. */
  readonly freshness: number;
  /** Key terms that the draft does not name. */
  readonly missing: readonly KeyTerm[];
  /** The pair of draft sentences that repeat each other most, when they do. */
  readonly repeated: { readonly first: number; readonly second: number } | undefined;
  readonly words: number;
  readonly budget: number;
}

const KEY_TERMS = 15;
/** Sentences that share fewer of their words than this do not repeat each other. */
const REPEATING = 0.5;

/** Splits a text into sentences and finds what it is about. */
export function readSource(text: string): Source {
  const sentences = readSentences(text);
  return {
    sentences,
    terms: keyTerms(sentences, KEY_TERMS),
    budget: wordBudget(countWords(sentences)),
  };
}

/** Compares a draft with its source. Deterministic; time is the square of the number of draft sentences. */
export function review({ terms, budget }: Source, draft: readonly Sentence[]): Review {
  const missing = terms.filter((term) => !draft.some(({ stems }) => stems.has(term.stem)));
  const weight = (list: readonly KeyTerm[]) => list.reduce((sum, { count }) => sum + count, 0);
  const coverage = terms.length === 0 ? 0 : 1 - weight(missing) / weight(terms);

  const words = countWords(draft);
  const brevity =
    words > budget ? Math.max(0, 2 - words / budget) : Math.min(1, words / (budget / 3));

  const { share, pair } = mostRepeated(draft);
  const freshness = share < REPEATING ? 1 : 2 * (1 - share);
  return {
    score: 0.5 * coverage + 0.25 * brevity + 0.25 * freshness,
    coverage,
    brevity,
    freshness,
    missing,
    repeated: share < REPEATING ? undefined : pair,
    words,
    budget,
  };
}

function mostRepeated(draft: readonly Sentence[]) {
  let share = 0;
  let pair = { first: 0, second: 0 };
  draft.forEach((sentence, second) => {
    for (let first = 0; first < second; first++) {
      const found = overlap(draft[first]!, sentence);
      if (found > share) [share, pair] = [found, { first, second }];
    }
  });
  return { share, pair };
}
