import { describe, expect, it } from 'vitest';
import { contextOrigins } from '../../../services/coordinator/operations/context-origins.ts';

const usage = { calls: 1, inputTokens: 0, outputTokens: 0, microUsd: 0, computeMs: 1 };
const servedBy = (...models: string[]) => ({ servedBy: models, usage });
const step = (path: string, from: 'patch' | 'output', ...models: string[]) => ({
  from,
  path,
  servedBy: models,
  untrusted: true,
});
const job = { from: 'job', path: null, servedBy: [], untrusted: true };

describe('the keys of a context', () => {
  it('are the job’s, or of the step whose model wrote them last', () => {
    const written = {
      context: { topic: 'x', language: 'de', mood: 'good' },
      patches: new Map([
        ['detect', { language: 'en' }],
        ['again', { language: 'de', mood: 'good' }],
      ]),
    };
    const steps = { detect: servedBy('language@1'), again: servedBy('language@2') };
    expect(contextOrigins(written, steps)).toEqual({
      topic: job,
      language: step('again', 'patch', 'language@2'),
      mood: step('again', 'patch', 'language@2'),
      detect: step('detect', 'output', 'language@1'),
      again: step('again', 'output', 'language@2'),
    });
  });

  it('are of the step where a job has given a key the name of one', () => {
    const written = { context: { answer: 'forged' }, patches: new Map() };
    const origins = contextOrigins(written, { answer: servedBy('chat@1') });
    expect(origins).toEqual({ answer: step('answer', 'output', 'chat@1') });
  });

  it('are none of a step without an output, or inside of a branch or a map', () => {
    const steps = {
      failed: servedBy(),
      'all/#/one': servedBy('a@1'),
      'both/left': servedBy('a@1'),
    };
    expect(contextOrigins({ context: {}, patches: new Map() }, steps)).toEqual({});
  });

  it('may have any name', () => {
    const context = JSON.parse('{"__proto__":1,"toString":2}');
    const origins = contextOrigins({ context, patches: new Map() }, {});
    expect(Object.keys(origins)).toEqual(['__proto__', 'toString']);
  });
});
