import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadFlowFolder } from '../../../shared/flow/load-folder.ts';
import { flowSchemaDocument } from '../../../shared/flow/schema-document.ts';
import { flowText } from '../../support/flow-text.ts';

const validate = new Ajv2020({ strict: false }).compile(flowSchemaDocument());

it('the JSON Schema for editors accepts every shipped flow', () => {
  for (const { file } of loadFlowFolder('infra/flows')) {
    expect([file, validate(parse(readFileSync(file, 'utf8')))]).toEqual([file, true]);
  }
});

it.each([
  '- { step: a }',
  '- { step: a, model: m, timout: 3s }',
  '- { step: a, model: m, timeout: 3 }',
  '- { wait: a, until: 3s }',
  '- { step: a, model: m, breaker: { failureRate: 2 } }',
  '- { map: m, over: payload.list, do: [{ step: 1, model: m }] }',
])('and refuses %s', (nodes) => {
  expect(validate(parse(flowText(nodes)))).toBe(false);
});

it('the generated file is up to date', () => {
  const written: unknown = JSON.parse(readFileSync('infra/schemas/flow.schema.json', 'utf8'));
  expect(written).toEqual(JSON.parse(JSON.stringify(flowSchemaDocument())));
});
