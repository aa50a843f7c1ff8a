import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { answer } from '../../../services/general-chatbot/retrieval.ts';
import { model } from '../../../services/product-qa/model.ts';
import { readData } from '../../support/data.ts';
import { loadModel } from '../../support/load-model.ts';

const questions = readData('questions.json', z.array(z.tuple([z.string(), z.string()])));
const help = await loadModel(model);

describe('product-qa', () => {
  it('finds the right help article for nine in ten questions', async () => {
    const wrong: string[] = [];
    for (const [text, source] of questions) {
      const found = await help.run({ text });
      if (found.source !== source) wrong.push(`${text}: ${found.source}, not ${source}`);
    }
    expect(1 - wrong.length / questions.length, wrong.join('\n')).toBeGreaterThanOrEqual(0.9);
  });

  it('tells how to reset a password, with the intent and without', async () => {
    const text = 'How do I reset my password?';
    for (const input of [{ text }, { text, intent: 'reset_password' }]) {
      const found = await help.run(input);
      expect(found.text).toContain('Forgot password');
      expect(found.confidence).toBeGreaterThan(0.6);
    }
  });

  it('takes the first article of the intent when no word of the question is known', async () => {
    const found = await help.run({ text: 'zxqv', intent: 'get_invoice' });
    expect(found).toMatchObject({ source: 'payments/download-an-invoice', confidence: 0.3 });
  });

  it.each(['zxqv', '?!', '__proto__', 'constructor'])(
    'admits that it has no answer to %j',
    async (text) => {
      const found = await help.run({ text, intent: '__proto__' });
      expect(found).toMatchObject({ source: 'none', confidence: 0 });
    },
  );

  it('has an article for each intent of the recogniser', async () => {
    const intents = Object.keys(
      readData('../../services/intent-recognizer/examples.json', z.record(z.string(), z.json())),
    );
    for (const intent of intents) {
      expect((await help.run({ text: 'zxqv', intent })).confidence, intent).toBe(0.3);
    }
  });
});

describe('the chatbot without a language model', () => {
  it.each([
    ['hello!', 'Hello!'],
    ['how are you?', 'always well'],
    ['tell me a joke', 'message'],
    ['what can you do for me?', 'orders, returns'],
    ['colourless green ideas sleep furiously', 'I do not know that'],
  ])('answers %j and says that the answer was looked up', (text, part) => {
    const found = answer(text);
    expect(found.text).toContain(part);
    expect(found.text).toContain('no language model server is configured');
    expect(found.source).toBe('retrieval');
  });
});
