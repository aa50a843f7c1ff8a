import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { checkAgainstManifests, type Manifests } from '../../../shared/flow/check-manifests.ts';
import { loadFlow } from '../../../shared/flow/load.ts';
import type { ModelSchemas } from '../../../shared/flow/shape.ts';
import { flowOf } from '../../support/flow-text.ts';

function object(properties: JsonObject, required = Object.keys(properties)): JsonObject {
  return { type: 'object', properties, required, additionalProperties: false };
}

const text = { type: 'string' };
const manifests: Manifests = new Map<string, ModelSchemas | readonly ModelSchemas[]>([
  [
    'reader',
    {
      version: 1,
      inputSchema: object(
        { text, lines: { type: 'integer' }, mode: { type: 'string', enum: ['fast', 'slow'] } },
        ['text'],
      ),
      outputSchema: object({
        label: text,
        confidence: { type: 'number' },
        parts: { type: 'array', items: object({ title: text }) },
      }),
    },
  ],
  [
    'writer',
    {
      version: 1,
      inputSchema: { type: 'object', properties: { text }, required: ['text'] },
      outputSchema: object({ text }),
    },
  ],
  [
    'twin',
    [1, 2].map((version) => ({
      version,
      inputSchema: object({ [`v${version}`]: text }),
      outputSchema: object({}),
    })),
  ],
]);

const read = '- { step: r, model: reader, input: { text: payload.text } }\n';

function problemsOf(nodes: string, more = '') {
  return checkAgainstManifests(flowOf(nodes, more), manifests);
}

describe('a flow that fits its models has no problems', () => {
  it.each([
    read,
    '- { step: r, model: reader }',
    `${read}- { step: w, model: writer, input: { text: context.r.label } }`,
    `${read}- { step: w, model: writer, input: { text: { $text: "\${context.r.confidence}" } } }`,
    `${read}- map: m\n  over: context.r.parts\n  as: part\n  do: [{ step: w, model: writer, input: { text: part.title } }]\n  collect: output.text\n- { step: z, model: writer, input: { text: "context.m[0]" } }`,
    `${read}- set: s\n  value: { a: context.r.label }\n- { step: w, model: writer, input: { text: context.s.a } }`,
    '- { step: r, model: reader, input: { text: payload.text, lines: 3, mode: { $text: fast } } }',
    '- { step: r, model: reader, input: { text: payload.text, lines: payload.?lines } }',
    '- { step: t, model: twin@1, input: { v1: payload.text } }\n- { step: u, model: twin, input: { v2: payload.text } }',
    `${read}- { step: w, model: writer, input: { text: "context.r.?nothing.orValue('')" } }`,
  ])('%s', (nodes) => {
    expect(problemsOf(nodes)).toEqual([]);
  });
});

describe('what cannot fit is found before anything runs, with its line', () => {
  const faults: readonly (readonly [
    name: string,
    nodes: string,
    code: string,
    path: string,
    says: RegExp,
  ])[] = [
    [
      'an unknown model',
      '- { step: r, model: raeder }',
      'model_unknown',
      'do[0].model',
      /Did you mean "reader"/,
    ],
    [
      'an unknown version',
      '- { step: r, model: reader@2, input: { text: payload.text } }',
      'model_unknown',
      'do[0].model',
      /no version 2/,
    ],
    [
      'an input key the model does not take',
      '- { step: r, model: reader, input: { text: payload.text, line: 1 } }',
      'input_key_unknown',
      'do[0].input.line',
      /takes no "line": it takes text, lines, mode\. Did you mean "lines"/,
    ],
    [
      'the same with an open schema',
      '- { step: w, model: writer, input: { text: payload.text, style: 1 } }',
      'input_key_unknown',
      'do[0].input.style',
      /takes no "style"/,
    ],
    [
      'a required key left out',
      '- { step: r, model: reader, input: { lines: 1 } }',
      'input_key_missing',
      'do[0].input',
      /needs "text"/,
    ],
    [
      'a whole output that lacks a required key',
      `${read}- { step: w, model: writer, input: context.r }`,
      'input_key_missing',
      'do[1]',
      /needs "text".*context\.r has no such field/,
    ],
    [
      'a field the model before cannot give',
      `${read}- { step: w, model: writer, input: { text: context.r.lable } }`,
      'field_unknown',
      'do[1].input.text',
      /context\.r has no field "lable": it has label, confidence, parts\. Did you mean "label"/,
    ],
    [
      'the same in a condition',
      `${read}- route:\n    - when: context.r.confidense < 0.5\n      do: []\n    - do: []`,
      'field_unknown',
      'do[1].route[0].when',
      /Did you mean "confidence"/,
    ],
    [
      'a field of an element',
      `${read}- map: m\n  over: context.r.parts\n  do: [{ step: w, model: writer, input: { text: item.titel } }]`,
      'field_unknown',
      'do[1].do[0].input.text',
      /item has no field "titel"/,
    ],
    [
      'a field of a parallel',
      '- parallel: p\n  branches: [{ step: r, model: reader, input: { text: payload.text } }]\n- { step: w, model: writer, input: { text: context.p.x.label } }',
      'field_unknown',
      'do[1].input.text',
      /context\.p has no field "x": it has r/,
    ],
    [
      'a field in the output of a branch',
      '- parallel: p\n  branches: [{ step: r, model: reader, input: { text: payload.text } }]\n  merge: best\n  score: output.score',
      'field_unknown',
      'do[0].score',
      /output has no field "score"/,
    ],
    [
      'a field in accept',
      '- cascade: c\n  models: [reader]\n  input: { text: payload.text }\n  accept: output.sure',
      'field_unknown',
      'do[0].accept',
      /output has no field "sure"/,
    ],
    [
      'a field of a set',
      '- set: s\n  value: { a: 1 }\n- { step: w, model: writer, input: { text: context.s.b } }',
      'field_unknown',
      'do[1].input.text',
      /it has a/,
    ],
    [
      'a number where text is needed',
      `${read}- { step: w, model: writer, input: { text: context.r.confidence } }`,
      'type_mismatch',
      'do[1].input.text',
      /takes string as "text", this gives number/,
    ],
    [
      'a literal of the wrong type',
      '- { step: w, model: writer, input: { text: 3 } }',
      'type_mismatch',
      'do[0].input.text',
      /this gives integer/,
    ],
    [
      'a literal that is none of the choices',
      '- { step: r, model: reader, input: { text: payload.text, mode: { $value: quick } } }',
      'type_mismatch',
      'do[0].input.mode',
      /"fast", "slow"/,
    ],
    [
      'a fault in an improve step',
      '- refine: f\n  draft: { model: writer, input: { text: payload.text } }\n  critic: { model: reader, input: { text: context.draft.text } }\n  improve: { model: writer, input: { text: context.critic.problem } }\n  score: context.critic.confidence',
      'field_unknown',
      'do[0].improve.input.text',
      /context\.critic has no field "problem"/,
    ],
  ];

  it.each(faults)('%s', (_name, nodes, code, path, says) => {
    const problems = problemsOf(nodes);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ code, path });
    expect(problems[0]?.message).toMatch(says);
    expect(problems[0]?.line).toBeGreaterThan(5);
  });

  it('a tier that is a name alone is told at that name', () => {
    const nodes = '- cascade: c\n  models: [raeder]\n  accept: "true"';
    expect(problemsOf(nodes)).toMatchObject([{ code: 'model_unknown', path: 'do[0].models[0]' }]);
  });

  it('a payload that is closed has only its own fields', () => {
    const source =
      'flow: a\nversion: 1\ndescription: A.\ninput: { type: object, additionalProperties: false, properties: { body: { type: string } } }\ndo:\n  - { step: w, model: writer }\n  - { step: x, model: writer, input: { text: payload.text } }\n';
    expect(checkAgainstManifests(loadFlow(source), manifests)).toMatchObject([
      { code: 'input_key_missing', line: 6 },
      {
        code: 'field_unknown',
        line: 7,
        message: expect.stringMatching(/payload has no field "text": it has body/),
      },
    ]);
  });
});
