import { z } from 'zod';
import { readExamples } from '../../shared/classifier/examples.ts';
import { trainLogistic } from '../../shared/classifier/logistic.ts';
import { round } from '../../shared/classifier/ranking.ts';
import { readConcepts } from '../../shared/text/concepts.ts';
import { excerpt } from '../../shared/text/excerpt.ts';
import { textInput } from '../../shared/text/input.ts';
import { defineModel } from '../../shared/worker/model.ts';

const MAX_CHARS = 5_000;

/** Says how urgent a support message is, with a trained classifier: slower and better than `triage-keywords`. */
export const model = defineModel({
  name: 'triage-classifier',
  version: 1,
  description: 'Urgency of a support message (first 5,000 characters). Logistic regression.',
  input: z.object({ text: textInput }),
  output: z.object({
    label: z.enum(['urgent', 'normal', 'low']),
    confidence: z.number().min(0).max(1),
  }),
  concurrency: 8,
  load() {
    const file = (name: string) => new URL(name, import.meta.url);
    return trainLogistic(readExamples(file('examples.json')), {
      features: { bigrams: false, characters: [], concepts: readConcepts(file('concepts.json')) },
      rate: 4,
      temperature: 0.8,
    });
  },
  run({ text }, _call, classifier) {
    const read = excerpt(text, MAX_CHARS);
    // Nothing known in it: an ordinary message, said with little confidence.
    if (classifier.familiarity(read) === 0) return { label: 'normal' as const, confidence: 0.34 };
    const [best] = classifier.classify(read);
    return {
      label: z.enum(['urgent', 'normal', 'low']).parse(best?.label),
      confidence: round(best!.confidence),
    };
  },
});
