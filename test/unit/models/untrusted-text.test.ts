import { describe, expect, it } from 'vitest';
import { answer } from '../../../services/general-chatbot/retrieval.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import type { Model } from '../../../shared/worker/model.ts';
import { loadModel } from '../../support/load-model.ts';

const names = [
  'critic',
  'editor',
  'intent-recognizer',
  'language',
  'product-qa',
  'sentiment',
  'spam-bayes',
  'spam-rules',
  'spam-style',
  'summarizer',
  'topic',
  'transaction-classifier',
  'triage-classifier',
  'triage-keywords',
];

const MILLION = 1_000_000;
const fill = (part: string) => part.repeat(Math.ceil(MILLION / part.length)).slice(0, MILLION);
let counting = '';
for (let at = 0; counting.length < MILLION; at++) counting += `Word${at} and ${at % 97} follow. `;

const hostile = [
  fill('a'),
  fill('a.'),
  fill('A1! '),
  fill('e\u0301\u0301\u0301'),
  fill('\ud800x '),
  fill(' \n'),
  fill('1,111'),
  fill('@#$%://'),
  fill('ﷺ '),
  counting.slice(0, MILLION),
];

describe('a megabyte of hostile text', () => {
  it.each(names)(
    'is answered by %s in the time that its limits allow',
    async (name) => {
      const { model } = (await import(`../../../services/${name}/model.ts`)) as { model: Model };
      const loaded = await loadModel<JsonObject, JsonObject, unknown>(model);
      for (const text of hostile) {
        const started = performance.now();
        await loaded.run({ text, draft: text, problems: ['redundant: x', 'missing: y'] });
        // Quadratic time on the whole text would take minutes; the limit is loose because the machine may be busy.
        expect(performance.now() - started, text.slice(0, 10)).toBeLessThan(4_000);
      }
      await loaded.unload();
    },
    60_000,
  );

  it('is answered by the retrieval chatbot too', () => {
    for (const text of hostile) expect(answer(text).source).toBe('retrieval');
  });
});

describe('input that breaks a model’s schema', () => {
  it.each(names)('is refused by %s', async (name) => {
    const { model } = (await import(`../../../services/${name}/model.ts`)) as { model: Model };
    for (const input of [{}, { text: '' }, { text: 5 }, { text: `${fill('a')}a` }]) {
      expect(model.input.safeParse({ draft: 'x', problems: [], ...input }).success).toBe(false);
    }
  });
});
