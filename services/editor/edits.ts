import { review, type Source } from '../../shared/summary/review.ts';
import type { Sentence } from '../../shared/summary/source-text.ts';

/** A source and the draft of its summary, both as sentences. */
export interface Manuscript {
  readonly source: Source;
  readonly draft: readonly Sentence[];
}

/** All drafts that come from leaving out one sentence. */
export function withoutOne({ draft }: Manuscript): Sentence[][] {
  return draft.length < 2 ? [] : draft.map((_, at) => draft.toSpliced(at, 1));
}

/** All drafts that come from taking in one more sentence of the source, at its place in the source's order. */
export function withOneMore({ source, draft }: Manuscript): Sentence[][] {
  const present = new Set(draft.map(({ text }) => text));
  const place = new Map(source.sentences.map(({ text }, at) => [text, at]));
  return source.sentences
    .filter(({ text }) => !present.has(text))
    .map((added) => {
      const position = place.get(added.text)!;
      // Sentences that are not the source's own words keep their place at the front.
      const after = draft.findLastIndex(({ text }) => (place.get(text) ?? -1) < position);
      return draft.toSpliced(after + 1, 0, added);
    });
}

/** The best of several drafts, the first of equals; undefined when none is better than what there is. */
export function bestOf(
  { source, draft }: Manuscript,
  candidates: readonly (readonly Sentence[])[],
): readonly Sentence[] | undefined {
  let best: readonly Sentence[] | undefined;
  let score = review(source, draft).score;
  for (const candidate of candidates) {
    const found = review(source, candidate).score;
    if (found > score) [score, best] = [found, candidate];
  }
  return best;
}
