import { z } from 'zod';
import { readExamples, readTexts } from '../../shared/classifier/examples.ts';
import { trainLogistic } from '../../shared/classifier/logistic.ts';
import { round } from '../../shared/classifier/ranking.ts';
import { readConcepts } from '../../shared/text/concepts.ts';
import { excerpt } from '../../shared/text/excerpt.ts';
import { textInput } from '../../shared/text/input.ts';
import { defineModel } from '../../shared/worker/model.ts';

const MAX_CHARS = 5_000;
/** What background.json teaches: text that is about none of the intents. Never given out as a label. */
const BACKGROUND = 'none';
/** A text that knows less of the training data's words than this is trusted less, in proportion. */
const FAMILIAR = 0.6;

const scored = z.object({ label: z.string(), confidence: z.number().min(0).max(1) });

/** Says what a customer wants. Text that is far from every intent gets a confidence below 0.6. */
export const model = defineModel({
  name: 'intent-recognizer',
  version: 1,
  description:
    'Recognises which of 14 customer-support intents a text has (first 5,000 characters). Logistic regression.',
  input: z.object({ text: textInput }),
  output: scored.extend({ alternatives: z.array(scored) }),
  concurrency: 8,
  load() {
    const file = (name: string) => new URL(name, import.meta.url);
    return trainLogistic(
      [...readExamples(file('examples.json')), ...readTexts(file('background.json'), BACKGROUND)],
      {
        features: {
          bigrams: false,
          characters: [4],
          concepts: readConcepts(file('concepts.json')),
        },
        rate: 4,
        temperature: 0.6,
      },
    );
  },
  run({ text }, _call, classifier) {
    const read = excerpt(text, MAX_CHARS);
    const trust = Math.min(1, classifier.familiarity(read) / FAMILIAR);
    const [best, ...others] = classifier
      .classify(read)
      .filter(({ label }) => label !== BACKGROUND)
      .map(({ label, confidence }) => ({ label, confidence: round(confidence * trust) }));
    return { ...best!, alternatives: others.slice(0, 3) };
  },
});
