import { describe, expect, it } from 'vitest';
import { contextOrigins } from '../../../services/coordinator/operations/context-origins.ts';
import type { JsonValue } from '../../../shared/envelope/json.ts';
import { fromJob } from '../../../shared/envelope/provenance.ts';
import { flowOf } from '../../support/flow-text.ts';

const usage = { calls: 1, inputTokens: 0, outputTokens: 0, microUsd: 0, computeMs: 1 };
const servedBy = (...models: string[]) => ({ servedBy: models, usage });
const by = (step: string, ...models: string[]) => ({
  untrusted: true,
  origins: [{ from: 'model', step, servedBy: models }],
});

function originsIn(
  nodes: string,
  steps: Parameters<typeof contextOrigins>[0]['steps'],
  values: Readonly<Record<string, JsonValue>>,
) {
  const stored = new Map(Object.entries(values));
  const read = async (key: string) => stored.get(key);
  return contextOrigins({ steps }, flowOf(nodes).flow, read);
}

const detectTwice = '- { step: detect, model: language }\n- { step: again, model: language }';

describe('the keys of a run’s context', () => {
  it('are the job’s, or of the steps whose models wrote them', async () => {
    const origins = await originsIn(
      detectTwice,
      { detect: servedBy('language@1'), again: servedBy('language@2') },
      {
        $context: { topic: 'x', language: 'de' },
        $patch: { language: 'de', mood: 'good' },
        'detect/$own': { language: 'en' },
        'again/$own': { mood: 'good' },
        detect: {},
        again: {},
      },
    );
    expect(origins).toEqual({
      topic: fromJob,
      language: by('detect', 'language@1'),
      mood: by('again', 'language@2'),
      detect: by('detect', 'language@1'),
      again: by('again', 'language@2'),
    });
  });

  it('are of the step where a job has given a key the name of one', async () => {
    const values = { $context: { detect: 'forged' }, detect: {} };
    const origins = await originsIn(detectTwice, { detect: servedBy('chat@1') }, values);
    expect(origins).toEqual({ detect: by('detect', 'chat@1') });
  });

  it('are none of a step without an output, or inside of a branch or a map', async () => {
    const nodes = `- { step: failed, model: a }
- parallel: both
  branches: [{ step: left, model: a }, { step: right, model: a }]`;
    const steps = { failed: servedBy(), 'both/left': servedBy('a@1') };
    expect(await originsIn(nodes, steps, { 'both/left': {} })).toEqual({});
  });

  it('may have any name', async () => {
    const $context = JSON.parse('{"__proto__":1,"toString":2}');
    const origins = await originsIn(detectTwice, {}, { $context });
    expect(Object.keys(origins)).toEqual(['__proto__', 'toString']);
  });
});
