import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Access } from '../../../../services/coordinator/access/access.ts';
import { clientsOf, readClients } from '../../../../services/coordinator/access/clients-file.ts';
import { mayAsk, mayUseFlow } from '../../../../services/coordinator/access/grant.ts';
import { operations } from '../../../../services/coordinator/operations/table.ts';
import { Tenants } from '../../../../services/coordinator/tenants.ts';
import { apiKeyHash, apiKeyText, newApiKey } from '../../../../shared/client/api-key.ts';
import { header } from '../../../../shared/envelope/headers.ts';

const START_MS = Date.parse('2026-06-01T12:00:00Z');
const [shop, old, blog] = [newApiKey('shop'), newApiKey('shop'), newApiKey('blog')];

function accessOf(clients: unknown, options: { coordinators?: () => number } = {}) {
  let nowMs = START_MS;
  const access = new Access({
    clients: clientsOf(clients),
    tenants: new Tenants({ tenants: { acme: { clients: ['shop'] } } }),
    now: () => nowMs,
    ...options,
  });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { access, pass };
}

const withKeys = {
  others: { may: [] },
  clients: {
    shop: {
      may: ['submit', 'read'],
      flows: ['support'],
      priority: 'normal',
      keys: [
        { id: shop.id, sha256: apiKeyHash(shop) },
        { id: old.id, sha256: apiKeyHash(old), expires: '2026-06-02' },
      ],
    },
  },
};

const shows = (text: string, userId?: string) => ({ headers: { [header.apiKey]: text }, userId });
const attested = (userId?: string) => ({ headers: {}, userId });
const refusedAs = (code: string) => expect.objectContaining({ code });

describe('a caller', () => {
  it('is whom its key names, with the tenant and the rights of that client, whatever the broker says', () => {
    const { access } = accessOf(withKeys);
    const caller = access.callerOf(shows(apiKeyText(shop), 'guest'));
    expect(caller).toMatchObject({ client: 'shop', tenant: 'acme', grant: { maxPriority: 1 } });
    expect([...caller.grant.may]).toEqual(['submit', 'read']);
  });

  it('is whom the broker attests where it shows no key, and nobody where it attests nobody', () => {
    const { access } = accessOf(withKeys);
    expect(access.callerOf(attested('shop'))).toMatchObject({ client: 'shop', tenant: 'acme' });
    expect(access.callerOf(attested('Not a name'))).toMatchObject({ client: 'anonymous' });
    expect(access.callerOf(attested()).grant.may.size).toBe(0);
  });

  it('with a key of another secret, another client, another fleet or no key at all is refused', () => {
    const { access } = accessOf(withKeys);
    const wrongSecret = apiKeyText({ ...shop, secret: blog.secret });
    const otherClient = apiKeyText({ ...shop, client: 'blog' });
    for (const text of [wrongSecret, otherClient, apiKeyText(blog)]) {
      expect(() => access.callerOf(shows(text, 'shop'))).toThrow(refusedAs('api_key_unknown'));
    }
    for (const text of ['', 'flk_', `${apiKeyText(shop)}0`, apiKeyText(shop).toUpperCase()]) {
      expect(() => access.callerOf(shows(text, 'shop'))).toThrow(refusedAs('api_key_invalid'));
    }
    const notText = { headers: { [header.apiKey]: true }, userId: 'shop' };
    expect(() => access.callerOf(notText)).toThrow(refusedAs('api_key_invalid'));
  });

  it('may show either of two keys while it changes over, until the old one expires', () => {
    const { access, pass } = accessOf(withKeys);
    expect(access.callerOf(shows(apiKeyText(old))).client).toBe('shop');
    pass(24 * 3_600_000);
    expect(() => access.callerOf(shows(apiKeyText(old)))).toThrow(refusedAs('api_key_expired'));
    expect(access.callerOf(shows(apiKeyText(shop))).client).toBe('shop');
  });

  it('may do everything where there is no file', () => {
    const { grant } = accessOf({}).access.callerOf(attested('anybody'));
    expect(() => mayUseFlow('anybody', grant, 'support')).not.toThrow();
    for (const verb of operations.keys()) {
      expect(() => mayAsk('anybody', grant, verb)).not.toThrow();
    }
  });
});

describe('a right', () => {
  const { grant } = accessOf(withKeys).access.callerOf(attested('shop'));

  it('is for the flows that are named', () => {
    expect(() => mayUseFlow('shop', grant, 'support')).not.toThrow();
    expect(() => mayUseFlow('shop', grant, 'refund')).toThrow(refusedAs('not_allowed'));
    const none = { ...grant, may: new Set(['read'] as const) };
    expect(() => mayUseFlow('shop', none, 'support')).toThrow(refusedAs('not_allowed'));
  });

  it('to read is none to change anything, whatever the verb', () => {
    const allowed = [...operations.keys()].filter((verb) => {
      try {
        mayAsk('shop', grant, verb);
        return true;
      } catch {
        return false;
      }
    });
    expect(allowed.toSorted()).toEqual([
      'dead.list',
      'dead.show',
      'model.list',
      'run.get',
      'run.list',
    ]);
  });
});

describe('a rate', () => {
  const limited = { clients: { shop: { perMinute: 60 } } };
  const accepted = (access: Access, tries: number) => {
    const caller = access.callerOf(attested('shop'));
    let count = 0;
    for (let n = 0; n < tries; n += 1) {
      try {
        access.count(caller);
        count += 1;
      } catch (error) {
        expect(error).toEqual(refusedAs('rate_limited'));
      }
    }
    return count;
  };

  it('holds in every minute, and is for one client alone', () => {
    const { access, pass } = accessOf(limited);
    let count = 0;
    for (let second = 0; second < 60; second += 1) {
      count += accepted(access, 5);
      pass(1_000);
    }
    expect(count).toBeGreaterThanOrEqual(58);
    expect(count).toBeLessThanOrEqual(60);
    const other = access.callerOf(attested('blog'));
    for (let n = 0; n < 1_000; n += 1) access.count(other);
  });

  it('is shared by the coordinators that live', () => {
    const { access, pass } = accessOf(limited, { coordinators: () => 3 });
    let count = 0;
    for (let second = 0; second < 60; second += 1) {
      count += accepted(access, 5);
      pass(1_000);
    }
    expect(count).toBeGreaterThanOrEqual(18);
    expect(count).toBeLessThanOrEqual(21);
  });
});

describe('the file of clients', () => {
  const folder = mkdtempSync(join(tmpdir(), 'clients-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['clients: { Shop: {} }', /clients\.Shop/],
    ['clients: { shop: { may: [fly] } }', /clients\.shop\.may\.0/],
    ['clients: { shop: { keys: [{ id: 1, sha256: x }] } }', /keys\.0\.id.*keys\.0\.sha256/s],
    ['clients: { shop: { perMinute: 0 } }', /perMinute/],
    ['others: { keys: [] }', /others/],
    ['clients: [', /clients\.yaml/],
  ])('is refused as %s, with every problem', (text, problem) => {
    const path = join(folder, 'clients.yaml');
    writeFileSync(path, text);
    expect(() => readClients(path)).toThrow(
      expect.objectContaining({
        code: 'clients_invalid',
        message: expect.stringMatching(problem),
      }),
    );
  });

  it('need not be there, and is shipped without anybody in it', () => {
    const shipped = readClients(join(import.meta.dirname, '../../../../infra/clients.yaml'));
    expect(shipped).toEqual(readClients(join(folder, 'nowhere.yaml')));
    expect(shipped.clients).toEqual({});
  });
});
