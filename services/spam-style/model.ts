import { z } from 'zod';
import { readExamples } from '../../shared/classifier/examples.ts';
import { round } from '../../shared/classifier/ranking.ts';
import { textInput } from '../../shared/text/input.ts';
import { defineModel } from '../../shared/worker/model.ts';
import { trainBinary } from './logistic.ts';
import { styleOf } from './style.ts';

const MAX_CHARS = 10_000;

/** Judges a message by how it is written (capitals, signs, figures, links), never by its words. */
export const model = defineModel({
  name: 'spam-style',
  version: 1,
  description:
    'Spam or ham by the style of writing (first 10,000 characters). Logistic regression.',
  input: z.object({ text: textInput }),
  output: z.object({ label: z.enum(['spam', 'ham']), confidence: z.number().min(0).max(1) }),
  concurrency: 16,
  load() {
    const examples = readExamples(new URL('examples.json', import.meta.url));
    return trainBinary(
      examples.map(({ text }) => styleOf(text)),
      examples.map(({ label }) => label === 'spam'),
    );
  },
  run({ text }, _call, probability) {
    const spam = probability(styleOf(text.slice(0, MAX_CHARS)));
    return {
      label: spam > 0.5 ? ('spam' as const) : ('ham' as const),
      confidence: round(Math.max(spam, 1 - spam)),
    };
  },
});
