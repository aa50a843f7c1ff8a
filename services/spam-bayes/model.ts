import { z } from 'zod';
import { readExamples } from '../../shared/classifier/examples.ts';
import { round } from '../../shared/classifier/ranking.ts';
import { excerpt } from '../../shared/text/excerpt.ts';
import { textInput } from '../../shared/text/input.ts';
import { defineModel } from '../../shared/worker/model.ts';
import { trainNaiveBayes } from './naive-bayes.ts';

const MAX_CHARS = 10_000;

/** Judges a message by which words it shares with known spam and known ham. */
export const model = defineModel({
  name: 'spam-bayes',
  version: 1,
  description: 'Spam or ham by naive Bayes over words (first 10,000 characters).',
  input: z.object({ text: textInput }),
  output: z.object({ label: z.enum(['spam', 'ham']), confidence: z.number().min(0).max(1) }),
  concurrency: 16,
  load: () => trainNaiveBayes(readExamples(new URL('examples.json', import.meta.url))),
  run({ text }, _call, weigh) {
    const { logOdds, known } = weigh(excerpt(text, MAX_CHARS));
    // Features of one text depend on each other, so their sum exaggerates: the root of their number tames it.
    const tamed = logOdds / Math.sqrt(Math.max(1, known));
    return {
      label: logOdds > 0 ? ('spam' as const) : ('ham' as const),
      confidence: round(1 / (1 + Math.exp(-Math.abs(tamed)))),
    };
  },
});
