import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { header } from '../../shared/envelope/headers.ts';
import { Keyring } from '../../shared/security/keyring.ts';
import { open } from '../../shared/security/open.ts';
import { seal } from '../../shared/security/seal.ts';
import { identityOf } from '../../shared/security/spoke.ts';
import { delivered } from '../support/signing.ts';

const page = readFileSync(new URL('../../shared/protocol.md', import.meta.url), 'utf8');
const [, block = ''] = /^```text\n(kid:[\s\S]*?)^```$/m.exec(page) ?? [];
const told = Object.fromEntries(
  [...block.matchAll(/^(\w+): +(.+)$/gm)].map(([, name = '', value = '']) => [name, value]),
);
const said = (name: string): string => told[name] ?? '';

const worker = identityOf('worker.sentiment');
const atMs = Date.parse('2026-06-01T12:00:00Z');
const sealsFrom = '2026-01-01T00:00:00Z';
const key = { kid: said('kid'), alg: 'HS256', secret: said('secret'), sealsFrom } as const;
const ring = new Keyring([{ spoke: 'worker.sentiment', keys: [key] }]);
const unsigned = {
  exchange: said('exchange'),
  routingKey: said('routing_key'),
  messageId: said('message_id'),
  type: said('type'),
  correlationId: said('correlation_id'),
  headers: JSON.parse(said('headers')),
  body: Buffer.from(said('body')),
};

describe('the token of the protocol', () => {
  it('is the one that this fleet makes of the same message', () => {
    const { headers } = seal(unsigned, worker, ring, atMs);
    expect(headers?.[header.token]).toBe(said('token'));
  });

  it('says the claims of the page, and is signed as any JWT is', () => {
    const [head = '', payload = '', signature] = said('token').split('.');
    const text = (part: string) => Buffer.from(part, 'base64url').toString();
    expect(text(head)).toBe(`{"alg":"HS256","typ":"JWT","kid":"${said('kid')}"}`);
    expect(text(payload)).toBe(said('claims'));
    const secret = Buffer.from(said('secret'), 'base64url');
    const mac = createHmac('sha256', secret).update(`${head}.${payload}`).digest('base64url');
    expect(signature).toBe(mac);
  });

  it('is taken with claims in another order, as another library writes them', () => {
    const [head = ''] = said('token').split('.');
    const reversed = Object.fromEntries(Object.entries(JSON.parse(said('claims'))).reverse());
    const payload = Buffer.from(JSON.stringify(reversed)).toString('base64url');
    const secret = Buffer.from(said('secret'), 'base64url');
    const mac = createHmac('sha256', secret).update(`${head}.${payload}`).digest('base64url');
    const headers = { ...unsigned.headers, [header.token]: `${head}.${payload}.${mac}` };
    const coordinator = identityOf('coordinator.coordinator');
    const { writer } = open(delivered({ ...unsigned, headers }), coordinator, ring, atMs);
    expect(writer).toEqual(worker);
  });
});
