import { z } from 'zod';
import { round } from '../../shared/classifier/ranking.ts';
import { type Review, readSource, review } from '../../shared/summary/review.ts';
import { readSentences } from '../../shared/summary/source-text.ts';
import { textInput } from '../../shared/text/input.ts';
import { defineModel } from '../../shared/worker/model.ts';

const NAMED_TERMS = 5;

/** Judges a draft summary against its source by coverage, length and repetition. */
export const model = defineModel({
  name: 'critic',
  version: 1,
  description:
    'Scores a draft summary against its source (first 50,000 characters, 200 sentences of each) and names its problems.',
  input: z.object({ text: textInput, draft: z.string().max(1_000_000) }),
  output: z.object({ score: z.number().min(0).max(1), problems: z.array(z.string()) }),
  concurrency: 4,
  run({ text, draft }) {
    const found = review(readSource(text), readSentences(draft));
    return { score: round(found.score), problems: problemsOf(found) };
  },
});

/** Each problem begins with a code and a colon, which the editor reads; the rest is for people. */
function problemsOf({ missing, repeated, words, budget }: Review): string[] {
  const terms = missing.slice(0, NAMED_TERMS).map(({ word }) => word);
  return [
    ...(repeated
      ? [`redundant: sentence ${repeated.second + 1} repeats sentence ${repeated.first + 1}`]
      : []),
    ...(words > budget ? [`too_long: ${words} words, at most ${budget}`] : []),
    ...(words < budget / 3 ? [`too_short: ${words} words, at least ${Math.ceil(budget / 3)}`] : []),
    ...(terms.length > 0 ? [`missing: ${terms.join(', ')}`] : []),
  ];
}
