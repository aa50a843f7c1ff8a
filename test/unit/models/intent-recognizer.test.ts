import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { model } from '../../../services/intent-recognizer/model.ts';
import { measure } from '../../support/accuracy.ts';
import { copiesOf } from '../../support/copies.ts';
import { readData } from '../../support/data.ts';
import { loadModel } from '../../support/load-model.ts';

const labelled = z.record(z.string(), z.array(z.string()).min(8));
const held = readData(
  'intents.json',
  z.object({
    inDomain: labelled,
    outOfDomain: z.array(z.string()).min(40),
  }),
);
const intents = await loadModel(model);

describe('the intent recogniser', () => {
  it('was not trained on any of the held-out sentences of at least twelve intents', () => {
    const training = readData('../../services/intent-recognizer/examples.json', labelled);
    expect(copiesOf(training, held.inDomain)).toEqual([]);
    const background = readData(
      '../../services/intent-recognizer/background.json',
      z.array(z.string()),
    );
    expect(copiesOf({ background }, { held: held.outOfDomain })).toEqual([]);
    expect(Object.keys(held.inDomain).length).toBeGreaterThanOrEqual(12);
  });

  it('names the right intent for 85 of 100 held-out sentences, and is sure of three quarters', async () => {
    const { accuracy, outputs, wrong } = await measure(
      held.inDomain,
      (text) => intents.run({ text }),
      ({ label }) => label,
    );
    expect(accuracy, wrong.join('\n')).toBeGreaterThanOrEqual(0.85);
    const sure = outputs.filter(({ right, output }) => right && output.confidence >= 0.6);
    expect(sure.length / outputs.length).toBeGreaterThanOrEqual(0.75);
  });

  it('is unsure of nine in ten texts that are far from every intent', async () => {
    const confidences = await Promise.all(
      held.outOfDomain.map(async (text) => (await intents.run({ text })).confidence),
    );
    const unsure = confidences.filter((confidence) => confidence < 0.6);
    expect(unsure.length / confidences.length).toBeGreaterThanOrEqual(0.9);
  });

  it('gives three other intents, best first, and never the background class', async () => {
    const { label, confidence, alternatives } = await intents.run({ text: 'I want my money back' });
    expect(label).toBe('return_item');
    expect(alternatives).toHaveLength(3);
    const all = [{ label, confidence }, ...alternatives];
    expect(all.map((entry) => entry.confidence)).toEqual(
      all.map((entry) => entry.confidence).sort((a, b) => b - a),
    );
    expect(all.map((entry) => entry.label)).not.toContain('none');
  });

  it('answers the same every time it is trained', async () => {
    const again = await loadModel(model);
    const text = 'my parcel is late and the code does not work';
    expect(await again.run({ text })).toEqual(await intents.run({ text }));
  });

  it('has no confidence at all in text without a known word', async () => {
    expect((await intents.run({ text: '   \u0301\u200b 🦊🦊 ' })).confidence).toBe(0);
  });
});
