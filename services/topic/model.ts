import { z } from 'zod';
import { readExamples } from '../../shared/classifier/examples.ts';
import { type TextClassifier, trainLogistic } from '../../shared/classifier/logistic.ts';
import { round } from '../../shared/classifier/ranking.ts';
import { readConcepts } from '../../shared/text/concepts.ts';
import { excerpt } from '../../shared/text/excerpt.ts';
import { textInput } from '../../shared/text/input.ts';
import { loadWink } from '../../shared/text/wink.ts';
import { defineModel } from '../../shared/worker/model.ts';

const MAX_CHARS = 5_000;
const MAX_SENTENCES = 50;
const MAX_KEYWORDS = 5;

/** Says what a product review is mainly about; wink-nlp finds its sentences and nouns, a trained classifier the topic. */
export const model = defineModel({
  name: 'topic',
  version: 1,
  description:
    'Finds which of 9 topics a product review is about, and its keywords (first 5,000 characters, 50 sentences).',
  input: z.object({ text: textInput }),
  output: z.object({
    label: z.string(),
    confidence: z.number().min(0).max(1),
    keywords: z.array(z.string()),
  }),
  concurrency: 4,
  async load() {
    const file = (name: string) => new URL(name, import.meta.url);
    const classifier = trainLogistic(readExamples(file('examples.json')), {
      features: { bigrams: false, characters: [], concepts: readConcepts(file('concepts.json')) },
      rate: 4,
      temperature: 0.8,
    });
    return { classifier, nlp: await loadWink(['sbd', 'pos']) };
  },
  run({ text }, _call, { classifier, nlp }) {
    const document = nlp.readDoc(excerpt(text, MAX_CHARS));
    const { label, confidence } = mainTopic(
      document.sentences().out().slice(0, MAX_SENTENCES),
      classifier,
    );
    const nouns = document
      .tokens()
      .filter((token) => token.out(nlp.its.pos) === 'NOUN' && !token.out(nlp.its.stopWordFlag))
      .out(nlp.its.normal);
    return { label, confidence, keywords: mostFrequent(nouns) };
  },
});

/** The topic with the highest mean probability over all sentences; a sentence of unknown words has no vote. */
function mainTopic(sentences: readonly string[], classifier: TextClassifier) {
  const sums = new Map<string, number>();
  for (const sentence of sentences) {
    const known = classifier.familiarity(sentence);
    for (const { label, confidence } of classifier.classify(sentence)) {
      sums.set(label, (sums.get(label) ?? 0) + (known === 0 ? 0 : confidence));
    }
  }
  const [best] = [...sums].sort(([, a], [, b]) => b - a);
  const [label, sum] = best ?? ['general', 0];
  return sum === 0
    ? { label: 'general', confidence: 0 }
    : { label, confidence: round(sum / sentences.length) };
}

/** The most frequent words, in order of first appearance where they tie. */
function mostFrequent(nouns: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const noun of nouns) counts.set(noun, (counts.get(noun) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, MAX_KEYWORDS)
    .map(([noun]) => noun);
}
