import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { model as language } from '../../../services/language/model.ts';
import { model as sentiment } from '../../../services/sentiment/model.ts';
import { model as spamBayes } from '../../../services/spam-bayes/model.ts';
import { model as spamRules } from '../../../services/spam-rules/model.ts';
import { model as spamStyle } from '../../../services/spam-style/model.ts';
import { model as topic } from '../../../services/topic/model.ts';
import { model as triageClassifier } from '../../../services/triage-classifier/model.ts';
import { model as triageKeywords } from '../../../services/triage-keywords/model.ts';
import { measure } from '../../support/accuracy.ts';
import { copiesOf } from '../../support/copies.ts';
import { readData } from '../../support/data.ts';
import { loadModel } from '../../support/load-model.ts';

const labelled = z.record(z.string(), z.array(z.string()).min(1));

describe('a classifier on held-out texts', () => {
  it.each([
    { name: 'sentiment', model: sentiment, file: 'sentiments.json', least: 0.8 },
    { name: 'topic', model: topic, file: 'topics.json', least: 0.85 },
    { name: 'triage-classifier', model: triageClassifier, file: 'triage.json', least: 0.85 },
    { name: 'spam-rules', model: spamRules, file: 'spam.json', least: 0.85 },
    { name: 'spam-bayes', model: spamBayes, file: 'spam.json', least: 0.85 },
    { name: 'spam-style', model: spamStyle, file: 'spam.json', least: 0.75 },
  ])('$name is right in at least $least of the cases', async ({ model, file, least }) => {
    const loaded = await loadModel<{ text: string }, { label: string; confidence: number }, never>(
      model as never,
    );
    const { accuracy, wrong } = await measure(
      readData(file, labelled),
      (text) => loaded.run({ text }),
      ({ label }) => label,
    );
    expect(accuracy, wrong.join('\n')).toBeGreaterThanOrEqual(least);
  });
});

describe('a classifier’s held-out texts', () => {
  it.each([
    ['topic', 'topics.json'],
    ['triage-classifier', 'triage.json'],
    ['spam-bayes', 'spam.json'],
    ['spam-style', 'spam.json'],
  ])('are not in the training data of %s', (service, file) => {
    const training = readData(`../../services/${service}/examples.json`, labelled);
    expect(copiesOf(training, readData(file, labelled))).toEqual([]);
  });
});

describe('the language model', () => {
  it('recognises fifteen languages and names them', async () => {
    const loaded = await loadModel(language);
    const { accuracy, wrong } = await measure(
      readData('languages.json', labelled),
      (text) => loaded.run({ text }),
      (output) => output.language,
    );
    expect(accuracy, wrong.join('\n')).toBeGreaterThanOrEqual(0.95);
    expect((await loaded.run({ text: 'Guten Morgen, wie geht es Ihnen?' })).name).toBe('German');
  });

  it('says that it does not know the language of figures', async () => {
    const loaded = await loadModel(language);
    expect(await loaded.run({ text: '12345' })).toEqual({
      language: 'und',
      name: 'unknown',
      confidence: 0,
    });
  });
});

describe('the triage cascade', () => {
  it('begins with a model that is sure of plain cases and unsure where it has no keyword', async () => {
    const keywords = await loadModel(triageKeywords);
    const plain = await keywords.run({ text: 'EMERGENCY: smoke and fire in the server room!' });
    expect(plain.label).toBe('urgent');
    expect(plain.confidence).toBeGreaterThan(0.9);
    const vague = await keywords.run({ text: 'Sparks are flying out of the wall socket' });
    expect(vague.confidence).toBeLessThan(0.5);
  });
});

describe('the three spam judges', () => {
  it('differ: each is wrong on its own in some case', async () => {
    const judges = await Promise.all(
      [spamRules, spamStyle].map((model) => loadModel(model as never)),
    );
    const bayes = await loadModel(spamBayes);
    const texts = Object.values(readData('spam.json', labelled)).flat();
    const verdicts = await Promise.all(
      texts.map(async (text) => {
        const others = await Promise.all(judges.map((judge) => judge.run({ text })));
        return [(await bayes.run({ text })).label, ...others.map((other) => other['label'])].join();
      }),
    );
    expect(new Set(verdicts).size).toBeGreaterThan(2);
  });
});

describe('the topic model', () => {
  it('names the nouns of the text as keywords and says "general" to unknown words', async () => {
    const loaded = await loadModel(topic);
    const { label, keywords } = await loaded.run({
      text: 'The battery is weak. I charge the battery twice a day.',
    });
    expect(label).toBe('battery');
    expect(keywords[0]).toBe('battery');
    expect(await loaded.run({ text: 'Zxqv brrp' })).toMatchObject({
      label: 'general',
      confidence: 0,
    });
  });
});
