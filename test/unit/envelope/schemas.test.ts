import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { schemaFiles } from '../../../infra/schemas/schema-files.ts';
import { jobOf, reply, request, result, step } from './samples.ts';

const folder = new URL('../../../infra/schemas/', import.meta.url);
const files = schemaFiles();

function accepts(name: string, value: unknown): boolean {
  // Formats repeat what the patterns beside them say.
  const ajv = new Ajv2020({ validateFormats: false });
  return ajv.compile(JSON.parse(files[`${name}.schema.json`] ?? 'false'))(value) as boolean;
}

describe('the generated JSON Schemas', () => {
  test('are all written, and nothing else is (npm run schemas)', () => {
    const written = readdirSync(folder).filter((name) => name.endsWith('.schema.json'));
    expect(written.sort()).toEqual(Object.keys(files).sort());
  });

  test.each(Object.entries(files))('%s is up to date (npm run schemas)', (name, text) => {
    expect(readFileSync(new URL(name, folder), 'utf8')).toBe(text);
  });

  test.each([
    ['job', jobOf()],
    ['request', request],
    ['request', { ...request, step: { ...step, later: 'ignored' } }],
    ['reply', reply],
    ['reply', { ...reply, outcome: { ...reply.outcome, usage: {} } }],
    ['progress', request],
    ['result', result],
    ['operation', jobOf()],
  ])('accept a valid %s', (name, value) => {
    expect(accepts(name, value)).toBe(true);
  });

  test.each([
    ['job', jobOf({ id: 'a.b' })],
    ['job', jobOf({ extra: 1 })],
    ['job', jobOf({ payload: [] })],
    ['job', jobOf({ timestamp: '2026-02-30T00:00:00Z' })],
    ['request', jobOf()],
    ['request', { ...request, step: { ...step, attempt: 0 } }],
    ['reply', request],
    ['result', { ...result, run: { ...result.run, status: 'done' } }],
  ])('refuse a wrong %s', (name, value) => {
    expect(accepts(name, value)).toBe(false);
  });
});
