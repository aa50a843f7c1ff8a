import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readTenants, Tenants } from '../../../services/coordinator/tenants.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenants-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(text: string): string {
  const path = join(folder, 'tenants.yaml');
  writeFileSync(path, text);
  return path;
}

describe('the file of tenants', () => {
  it('says who belongs to whom, and what weight each has', () => {
    const tenants = readTenants(
      fileOf(
        'tenants:\n  acme: { weight: 3, clients: [shop, crm] }\n  small: { clients: [blog] }\n',
      ),
    );
    const clients = ['shop', 'crm', 'blog', 'stranger'];
    expect(clients.map((client) => tenants.tenantOf(client))).toEqual([
      'acme',
      'acme',
      'small',
      'default',
    ]);
    expect(['acme', 'small', 'default'].map((tenant) => tenants.weightOf(tenant))).toEqual([
      3, 1, 1,
    ]);
  });

  it('need not be there: everybody is of one tenant then', () => {
    expect(readTenants(join(folder, 'nowhere.yaml')).tenantOf('shop')).toBe('default');
  });

  it.each([
    ['tenants: { acme: { weight: 0 } }', /tenants\.acme\.weight/],
    ['tenants: { acme: { clients: [shop] }, other: { clients: [shop] } }', /shop belongs to acme/],
    ['tenants: { Acme: {} }', /tenants\.Acme/],
    ['tenants: { acme: [ }', /tenants\.yaml/],
    ['people: {}', /tenants/],
  ])('is refused as %s', (text, problem) => {
    expect(() => readTenants(fileOf(text))).toThrow(
      expect.objectContaining({
        code: 'tenants_invalid',
        message: expect.stringMatching(problem),
      }),
    );
  });

  it('left empty has no tenants but the default one', () => {
    expect(new Tenants().weightOf('default')).toBe(1);
  });
});
