import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface ComposeFile {
  readonly services: Readonly<
    Record<string, { readonly environment?: Readonly<Record<string, string>> }>
  >;
}

const root = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(resolve(root, path), 'utf8');
const compose = (path: string): ComposeFile => parse(read(path), { merge: true });

describe('the compose file with TLS', () => {
  const secured = compose('docker-compose.tls.yml').services;

  it('has every service that talks to the broker do so by TLS', () => {
    const talking = Object.entries(compose('docker-compose.yml').services)
      .filter(([, { environment }]) => environment?.['AMQP_URL'] !== undefined)
      .map(([name]) => name);
    expect(talking).toContain('coordinator');
    for (const name of talking) {
      const { AMQP_URL, AMQP_CA_FILE } = secured[name]?.environment ?? {};
      // No user: each is itself there, too.
      expect([name, AMQP_URL, AMQP_CA_FILE]).toEqual([
        name,
        'amqps://rabbitmq:5671',
        '/certs/ca.crt',
      ]);
    }
  });

  it('leaves the broker no port without', () => {
    expect(read('infra/rabbitmq/tls.conf')).toMatch(/^listeners\.tcp = none$/m);
  });
});
