import { z } from 'zod';
import { readExamples } from '../../shared/classifier/examples.ts';
import { trainLogistic } from '../../shared/classifier/logistic.ts';
import { round } from '../../shared/classifier/ranking.ts';
import { readConcepts } from '../../shared/text/concepts.ts';
import { excerpt } from '../../shared/text/excerpt.ts';
import { textInput } from '../../shared/text/input.ts';
import { defineModel } from '../../shared/worker/model.ts';
import { findAmount, findMerchant } from './receipt-fields.ts';

const MAX_CHARS = 5_000;

/** Tags a line of a bank statement or the whole text of a receipt, and reads its amount and merchant. */
export const model = defineModel({
  name: 'transaction-classifier',
  version: 1,
  description:
    'Tags a transaction line or receipt text with one of 12 spending tags (first 5,000 characters). Logistic regression.',
  input: z.object({ text: textInput }),
  output: z.object({
    tag: z.string(),
    confidence: z.number().min(0).max(1),
    amount: z.number().exactOptional(),
    merchant: z.string().exactOptional(),
    alternatives: z.array(z.object({ tag: z.string(), confidence: z.number().min(0).max(1) })),
  }),
  concurrency: 8,
  load() {
    const file = (name: string) => new URL(name, import.meta.url);
    return trainLogistic(readExamples(file('examples.json')), {
      features: { bigrams: false, characters: [], concepts: readConcepts(file('concepts.json')) },
      rate: 4,
      temperature: 0.7,
    });
  },
  run({ text }, _call, classifier) {
    const read = excerpt(text, MAX_CHARS);
    const trust = classifier.familiarity(read) === 0 ? 0.25 : 1;
    const [best, ...others] = classifier
      .classify(read)
      .map(({ label, confidence }) => ({ tag: label, confidence: round(confidence * trust) }));
    const amount = findAmount(read);
    const merchant = findMerchant(read);
    return {
      ...best!,
      ...(amount === undefined ? {} : { amount }),
      ...(merchant === undefined ? {} : { merchant }),
      alternatives: others.slice(0, 3),
    };
  },
});
