import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { checkAgainstManifests, type Manifests } from '../../../shared/flow/check-manifests.ts';
import { flowOf } from '../../support/flow-text.ts';

function object(properties: JsonObject): JsonObject {
  return {
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

const text = { type: 'string' };
const manifests: Manifests = new Map([
  [
    'expert',
    {
      version: 1,
      inputSchema: object({ text }),
      outputSchema: object({ text, sure: { type: 'number' } }),
    },
  ],
  ['chat', { version: 1, inputSchema: object({ text }), outputSchema: object({ text }) }],
  [
    'picky',
    { version: 1, inputSchema: object({ text, lang: text }), outputSchema: object({ text }) },
  ],
]);

function problemsOf(nodes: string, more = '') {
  return checkAgainstManifests(flowOf(nodes, more), manifests);
}

const ask = (keys: string) =>
  `- { step: a, model: expert, input: { text: payload.text }, ${keys} }`;
const readSure = 'output: { sure: context.a.sure }\n';
const readText = 'output: { text: context.a.text, by: context.a.$degraded }\n';

describe('what stands in for a model fits the flow', () => {
  it.each([
    [ask('fallback: chat'), readText],
    [ask('fallback: chat'), 'output: { sure: context.a.?sure }\n'],
    [
      ask('fallback: { model: picky, input: { text: payload.text, lang: { $text: en } } }'),
      readText,
    ],
    [ask('onFailure: { default: { text: { $text: sorry } } }'), readText],
    [ask('onFailure: { stale: 1h }'), readSure],
    [ask('cache: 1m'), `${readText}budget: { calls: 2, onExceeded: { model: chat } }\n`],
  ])('%s %s', (nodes, more) => {
    expect(problemsOf(nodes, more)).toEqual([]);
  });
});

describe('what does not is told with its line', () => {
  const faults: readonly (readonly [
    name: string,
    nodes: string,
    more: string,
    code: string,
    path: string,
    says: RegExp,
  ])[] = [
    [
      'a fallback that nobody knows',
      ask('fallback: [chat, caht]'),
      readText,
      'model_unknown',
      'do[0].fallback[1]',
      /There is no model "caht"\. Did you mean "chat"/,
    ],
    [
      'a version of it that nobody knows',
      ask('fallback: { model: chat@2 }'),
      readText,
      'model_unknown',
      'do[0].fallback.model',
      /no version 2 of the model "chat"/,
    ],
    [
      'a fallback that cannot be asked the same',
      ask('fallback: picky'),
      readText,
      'input_key_missing',
      'do[0].input',
      /The model picky needs "lang" in its input/,
    ],
    [
      'the input of a fallback',
      ask('fallback: { model: chat, input: { txt: payload.text, text: payload.text } }'),
      readText,
      'input_key_unknown',
      'do[0].fallback.input.txt',
      /The model chat takes no "txt"/,
    ],
    [
      'a field that a fallback does not give',
      ask('fallback: chat'),
      readSure,
      'field_unknown',
      'output.sure',
      /^context\.a has no field "sure" when the fallback chat answers: it has text\. Write context\.a\.\?sure where it may be missing\.$/,
    ],
    [
      'a field that a default does not give',
      ask('onFailure: { default: { text: { $text: sorry } } }'),
      readSure,
      'field_unknown',
      'output.sure',
      /^context\.a has no field "sure" when its default answers: it has text\./,
    ],
    [
      'the same behind a cascade',
      '- cascade: a\n  models: [expert]\n  input: { text: payload.text }\n  accept: output.text != ""\n  onFailure: { default: { text: { $text: sorry } } }',
      readSure,
      'field_unknown',
      'output.sure',
      /when its default answers/,
    ],
    [
      'a field that the value of a wait without an answer does not give',
      '- wait: a\n  answer: { type: object, additionalProperties: false, properties: { sure: { type: number } } }\n  onTimeout: { text: { $text: late } }',
      readSure,
      'field_unknown',
      'output.sure',
      /^context\.a has no field "sure" when nobody answers in time: it has text\./,
    ],
    [
      'a field that no answer of a person can have',
      '- wait: a\n  answer: { type: object, additionalProperties: false, properties: { granted: { type: boolean } } }',
      readSure,
      'field_unknown',
      'output.sure',
      /^context\.a has no field "sure": it has granted\.$/,
    ],
    [
      'a cheaper model that nobody knows',
      ask('cache: 1m'),
      `${readText}budget: { calls: 2, onExceeded: { model: cheap } }\n`,
      'model_unknown',
      'budget.onExceeded.model',
      /There is no model "cheap"/,
    ],
    [
      'a cheaper model that no call has an input for',
      ask('cache: 1m'),
      `${readText}budget: { calls: 2, onExceeded: { model: picky } }\n`,
      'cheaper_unfit',
      'budget.onExceeded.model',
      /^The model picky takes the input of no call of this flow: it could never be called instead\.$/,
    ],
    [
      'a field that a cheaper model does not give',
      ask('cache: 1m'),
      `${readSure}budget: { calls: 2, onExceeded: { model: chat } }\n`,
      'field_unknown',
      'output.sure',
      /when the cheaper model chat answers: it has text/,
    ],
  ];

  it.each(faults)('%s', (_name, nodes, more, code, path, says) => {
    const problems = problemsOf(nodes, more);
    expect(problems).toMatchObject([{ code, path }]);
    expect(problems[0]?.message).toMatch(says);
    expect(problems[0]?.line).toBeGreaterThan(5);
  });
});
