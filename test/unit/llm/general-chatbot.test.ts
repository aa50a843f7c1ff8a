import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answering, model } from '../../../services/general-chatbot/model.ts';
import { callOf } from '../../support/call.ts';
import { ChatServer, piece, streamEnd, streams } from './chat-server.ts';

describe('the general chatbot without a server', () => {
  it('answers from its collection and says so', async () => {
    const answer = await answering({})({ text: 'Tell me a joke.' }, callOf());
    expect(model.output.parse(answer)).toEqual(answer);
    expect(answer.source).toBe('retrieval');
    expect(answer.confidence).toBeGreaterThan(0);
    expect(answer.text).toContain('retrieval answer');
  });

  it('takes an empty variable for none', async () => {
    const answer = await answering({ OPENAI_BASE_URL: '' })({ text: 'hello' }, callOf());
    expect(answer.source).toBe('retrieval');
  });
});

describe('the general chatbot with a server', () => {
  let server: ChatServer;
  beforeEach(async () => {
    server = await new ChatServer().start();
  });
  afterEach(() => server.stop());

  it('gives the answer of the language model, token by token', async () => {
    server.answer(streams([piece('Hello'), piece(' there.'), ...streamEnd]));
    const env = { OPENAI_BASE_URL: server.baseUrl, OPENAI_MODEL: 'tiny', OPENAI_API_KEY: 'k' };
    const tokens: unknown[] = [];
    const answer = await answering(env)(
      { text: 'Hi {{text}}' },
      callOf({ emit: (progress) => tokens.push(progress) }),
    );
    expect(answer).toEqual({ text: 'Hello there.', source: 'model' });
    expect(tokens).toEqual([{ token: 'Hello' }, { token: ' there.' }]);
    expect(server.asked[0]?.body.model).toBe('tiny');
    expect(server.asked[0]?.body.messages.at(-1)).toEqual({ role: 'user', content: 'Hi {{text}}' });
  });
});
