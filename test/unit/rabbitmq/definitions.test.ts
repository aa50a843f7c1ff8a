import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { usersOf } from '../../../infra/rabbitmq/fleet-users.ts';
import { passwordHash } from '../../../infra/rabbitmq/password-hash.ts';

const root = resolve(import.meta.dirname, '../../..');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-definitions-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Definitions {
  readonly users: readonly { name: string; password_hash: string; tags: readonly string[] }[];
  readonly permissions: readonly { user: string; vhost: string; configure: string }[];
  readonly queues: readonly { name: string; arguments: object }[];
}

function write(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const file = join(folder, 'definitions.json');
  const given = ['infra/rabbitmq/write.ts', file, '--passwords', join(folder, 'passwords')];
  execFileSync(process.execPath, [...given, ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], ...env },
    stdio: 'pipe',
  });
  const definitions: Definitions = JSON.parse(readFileSync(file, 'utf8'));
  return { definitions, mode: statSync(file).mode & 0o777 };
}

/** True when the hash is that of the password. */
function isHashOf(hash: string, password: string): boolean {
  return passwordHash(password, Buffer.from(hash, 'base64').subarray(0, 4)) === hash;
}

describe('npm run rabbitmq:definitions', () => {
  it('writes one user for each service and client, no guest, and passwords that only the owner reads', () => {
    const { definitions, mode } = write(['--client', 'shop', '--model', 'poems.v2']);
    const names = definitions.users.map(({ name }) => name);
    expect(names).toContain('sentiment');
    expect(names).toEqual(
      expect.arrayContaining(['coordinator', 'gateway', 'cli', 'shop', 'poems']),
    );
    expect(names).not.toContain('guest');
    expect(definitions.users.filter(({ tags }) => tags.length > 0)).toEqual([]);
    expect(definitions.queues.map(({ name }) => name)).toContain('work.poems.v2');
    expect(mode).toBe(0o600);
    const passwords = join(folder, 'passwords');
    expect(readdirSync(passwords).toSorted()).toEqual(names.toSorted());
    for (const { name, password_hash } of definitions.users) {
      expect(statSync(join(passwords, name)).mode & 0o777).toBe(0o600);
      const password = readFileSync(join(passwords, name), 'utf8').trim();
      expect(password).toHaveLength(43);
      expect(isHashOf(password_hash, password)).toBe(true);
    }
    expect(statSync(passwords).mode & 0o777).toBe(0o700);
  });

  it('keeps the passwords that there are, and takes those of the environment first', () => {
    write();
    const kept = readFileSync(join(folder, 'passwords/coordinator'), 'utf8').trim();
    const { definitions } = write([], { AMQP_PASSWORD_PRODUCT_QA: 'of the environment' });
    const hashOf = (user: string) =>
      definitions.users.find(({ name }) => name === user)?.password_hash ?? '';
    expect(isHashOf(hashOf('coordinator'), kept)).toBe(true);
    expect(isHashOf(hashOf('product-qa'), 'of the environment')).toBe(true);
  });

  it('hands each user its own password, also one of the environment', () => {
    const own = join(folder, 'own');
    const env = { AMQP_PASSWORD_CLI: 'of the environment' };
    const { definitions } = write(['--hand-out', own], env);
    const names = definitions.users.map(({ name }) => name);
    expect(readdirSync(own).toSorted()).toEqual(names.toSorted());
    for (const { name, password_hash } of definitions.users) {
      const file = join(own, name, 'amqp-password');
      expect([statSync(join(own, name)).mode & 0o777, statSync(file).mode & 0o777]).toEqual([
        0o700, 0o600,
      ]);
      expect(isHashOf(password_hash, readFileSync(file, 'utf8').trim()), name).toBe(true);
    }
    expect(readFileSync(join(own, 'cli/amqp-password'), 'utf8')).toBe('of the environment\n');
  });

  it('writes a file that a broker of another user can read where it is asked to', () => {
    expect(write(['--readable']).mode).toBe(0o644);
  });

  it('gives an operator the pages of RabbitMQ to see, and no right to anything', () => {
    const { definitions } = write(['--operator', 'watcher']);
    expect(definitions.users.find(({ name }) => name === 'watcher')?.tags).toEqual(['monitoring']);
    expect(definitions.permissions.find(({ user }) => user === 'watcher')).toEqual({
      ...{ user: 'watcher', vhost: '/', configure: '', write: '', read: '' },
    });
    expect(() => write(['--operator', 'sentiment'])).toThrow('"sentiment" names two users');
  });

  it('says what is wrong, and how it is used', () => {
    expect(() => write(['--model', 'poems'])).toThrow(/"poems" is no model.*npm run rabbitmq/s);
  });
});

describe('the users', () => {
  it('refuse a client that is named like a service: it would be believed to be it', () => {
    const models = [{ name: 'sentiment', version: 1 }];
    expect(() => usersOf(models, ['sentiment'])).toThrow('"sentiment" names two users');
    expect(() => usersOf(models, ['coordinator'])).toThrow('"coordinator" names two users');
    expect(() => usersOf(models, ['Shop.*'])).toThrow('is no name');
  });
});
