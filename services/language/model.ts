import { z } from 'zod';
import { round } from '../../shared/classifier/ranking.ts';
import { excerpt } from '../../shared/text/excerpt.ts';
import { textInput } from '../../shared/text/input.ts';
import { defineModel } from '../../shared/worker/model.ts';

const MAX_CHARS = 1_000;
const names = new Intl.DisplayNames('en', { type: 'language' });

/** Says in which of about 60 languages a text is written. */
export const model = defineModel({
  name: 'language',
  version: 1,
  description:
    'Detects the language of a text (first 1,000 characters) with tinyld; `und` when there is nothing to go by.',
  input: z.object({ text: textInput }),
  output: z.object({
    language: z.string(),
    name: z.string(),
    confidence: z.number().min(0).max(1),
  }),
  concurrency: 8,
  load: async () => (await import('tinyld')).detectAll,
  run({ text }, _call, detectAll) {
    const found = detectAll(excerpt(text, MAX_CHARS));
    const [best] = found;
    if (!best) return { language: 'und', name: 'unknown', confidence: 0 };
    // tinyld's accuracies are not normalised: what counts is how far the best is ahead of the others.
    const sum = found.reduce((total, { accuracy }) => total + accuracy, 0);
    return {
      language: best.lang,
      name: names.of(best.lang) ?? best.lang,
      confidence: sum > 0 ? round(best.accuracy / sum) : 0,
    };
  },
});
