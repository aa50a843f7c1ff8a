import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readEnv } from '../../../shared/config/env.ts';
import {
  brokerOptions,
  brokerSettings,
  isPlainTextAbroad,
} from '../../../shared/transport/amqp/environment.ts';

const folder = mkdtempSync(join(tmpdir(), 'flotilla-environment-'));
const file = join(folder, 'file');
writeFileSync(file, 'x');
afterAll(() => rmSync(folder, { recursive: true }));

const options = (env: Readonly<Record<string, string>>) =>
  brokerOptions(readEnv(brokerSettings, env), 'sentiment');

it.each([
  ['amqp://broker.example', true],
  ['amqp://127.example.org', true],
  ['amqps://broker.example', false],
  ['amqp://127.0.0.1:5672', false],
  ['amqp://[::1]', false],
  ['amqp://localhost', false],
])('%s leaves this host in plain text: %s', (url, abroad) => {
  expect(isPlainTextAbroad(url)).toBe(abroad);
});

describe('the environment of a service', () => {
  it('needs nothing in development', () => {
    expect(options({})).toEqual({
      url: 'amqp://guest:guest@127.0.0.1:5672',
      topology: 'declare',
    });
  });

  it('makes the service the user where only a password file is named', () => {
    const env = { AMQP_URL: 'amqps://broker.example/fleet', AMQP_PASSWORD_FILE: file };
    expect(options(env)).toMatchObject({
      url: 'amqps://sentiment@broker.example/fleet',
      passwordFile: file,
    });
    const named = { ...env, AMQP_URL: 'amqp://somebody@broker.example' };
    expect(options(named).url).toBe('amqp://somebody@broker.example');
  });

  it('names every file that cannot be read, and a certificate without its key', () => {
    const env = { AMQP_URL: 'amqps://b', AMQP_CA_FILE: '/none/ca', AMQP_CERT_FILE: '/none/cert' };
    expect(() => options(env)).toThrow(
      /AMQP_CA_FILE: \/none\/ca cannot be read \(ENOENT\).*AMQP_CERT_FILE: .*AMQP_CERT_FILE and AMQP_KEY_FILE go together/s,
    );
    expect(() => options({ AMQP_PASSWORD_FILE: '/none/password' })).toThrow(
      'AMQP_PASSWORD_FILE: /none/password cannot be read (ENOENT).',
    );
  });

  it('refuses files of TLS with a URL that would go without', () => {
    expect(() => options({ AMQP_URL: 'amqp://b', AMQP_CA_FILE: file })).toThrow(
      'begins with amqp:',
    );
  });
});
