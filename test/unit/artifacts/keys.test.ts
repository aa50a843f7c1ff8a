import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  checkWithin,
  expiryOfKey,
  isArtifactKey,
  mintKey,
  parseKey,
  prefixOf,
} from '../../../shared/artifacts/keys.ts';

const run = '0f0e5f4e-3f0c-5a57-9d3e-5f6a7b8c9d10';
const name = '20300102T030405Z-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
const atMs = Date.parse('2030-01-02T03:04:05Z');

describe('a minted key', () => {
  it('says tenant, run, model and expiry, and can be read back', () => {
    const key = mintKey({ tenant: 'acme', run, model: 'ocr' }, atMs);
    expect(key).toMatch(/^acme\/0f0e5f4e-[0-9a-f-]+\/ocr\/20300102T030405Z-[0-9a-f]{32}$/);
    expect(parseKey(key)).toEqual({ tenant: 'acme', run, model: 'ocr', expiresAtMs: atMs });
  });

  it('has no model when it came with the job', () => {
    const key = mintKey({ tenant: 'acme', run }, atMs);
    expect(parseKey(key)).toEqual({ tenant: 'acme', run, model: undefined, expiresAtMs: atMs });
  });

  it('never expires earlier than it was told', () => {
    expect(expiryOfKey(mintKey({ tenant: 'acme', run }, atMs + 1))).toBe(atMs + 1_000);
  });

  it('is a new one each time', () => {
    const keys = Array.from({ length: 100 }, () => mintKey({ tenant: 'acme', run }, atMs));
    expect(new Set(keys).size).toBe(100);
  });

  it.each([
    { tenant: '../other', run },
    { tenant: '', run },
    { tenant: 'acme', run: '..' },
    { tenant: 'acme', run, model: 'a/b' },
  ])('is not made for a scope that is none: %j', (scope) => {
    expect(() => mintKey(scope, atMs)).toThrow(
      expect.objectContaining({ code: 'bad_artifact_key' }),
    );
  });
});

describe('a key that we did not make', () => {
  it.each([
    ['empty', ''],
    ['upwards', `acme/${run}/../${name}`],
    ['upwards, to another tenant', `../other/${name}`],
    ['upwards in percent signs', `acme/%2e%2e/${name}`],
    ['with an empty segment', `acme//${run}/${name}`],
    ['from the root', `/acme/${run}/${name}`],
    ['a folder', `acme/${run}/`],
    ['with NUL', `acme/${run}/${name}\0`],
    ['with a line break', `acme/${run}/${name}\n`],
    ['with a backslash', `acme\\${run}\\${name}`],
    ['of 2,000 characters', `acme/${run}/${'x'.repeat(2_000)}`],
    ['with upper case in the tenant', `Acme/${run}/${name}`],
    ['with full-width letters', `ａcme/${run}/${name}`],
    ['of five segments', `acme/${run}/ocr/deep/${name}`],
    ['of another name', `acme/${run}/picture.png`],
    ['with an expiry on no real date', `acme/${run}/20300230T030405Z-${'a'.repeat(32)}`],
    ['an address', `http://169.254.169.254/${run}/${name}`],
  ])('is refused: %s', (_, key) => {
    expect(isArtifactKey(key)).toBe(false);
    expect(() => parseKey(key)).toThrow(expect.objectContaining({ code: 'bad_artifact_key' }));
  });
});

describe('a scope', () => {
  const scope = { tenant: 'acme', run, model: 'ocr' };

  it('holds its own keys', () => {
    checkWithin(scope, mintKey(scope, atMs));
    checkWithin({ tenant: 'acme', run }, mintKey(scope, atMs));
    expect(mintKey(scope, atMs).startsWith(prefixOf(scope))).toBe(true);
  });

  it.each([
    ['another tenant', { ...scope, tenant: 'other' }],
    ['another run', { ...scope, run: randomUUID() }],
    ['another model', { ...scope, model: 'summarizer' }],
    ['the job', { tenant: 'acme', run }],
  ])('refuses a key of %s', (_, other) => {
    expect(() => checkWithin(scope, mintKey(other, atMs))).toThrow(
      expect.objectContaining({ code: 'artifact_not_allowed' }),
    );
  });
});
