import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { header } from '../../shared/envelope/headers.ts';
import { connectAmqp } from '../../shared/transport/amqp/transport.ts';
import { exchanges } from '../../shared/transport/topology.ts';
import type { Delivery, Subscription, Transport } from '../../shared/transport/transport.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { runCli, startCli } from '../support/cli-process.ts';
import { eventually } from '../support/eventually.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-cli-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const keys = (...args: string[]) => runCli(['keys', ...args], { cwd: folder });
const made = join('.flotilla', 'keys');
const fileOf = (spoke: string) => join(folder, made, `${spoke}.json`);
const kidsIn = (spoke: string): string[] =>
  JSON.parse(readFileSync(fileOf(spoke), 'utf8')).keys.map(({ kid }: { kid: string }) => kid);
const secretsIn = (spoke: string): string[] =>
  JSON.parse(readFileSync(fileOf(spoke), 'utf8')).keys.map(
    ({ secret }: { secret: string }) => secret,
  );

describe('flotilla keys', { timeout: 60_000 }, () => {
  it('makes a key for everybody once, in files that nobody else may read, and never shows one', async () => {
    const first = await keys('make', 'shop');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/worker\.sentiment\n/);
    const files = readdirSync(join(folder, made));
    expect(files).toEqual(
      expect.arrayContaining(['coordinator.coordinator.json', 'client.shop.json']),
    );
    expect(files.map((name) => statSync(join(folder, made, name)).mode & 0o777)).toEqual(
      files.map(() => 0o600),
    );
    for (const secret of secretsIn('client.shop')) expect(first.stdout).not.toContain(secret);
    const again = await keys('make', 'shop');
    expect(again).toMatchObject({
      code: 0,
      stdout: `There is a key for each already in ${made}.\n`,
    });
  });

  it('adds, rotates and retires the keys of one', async () => {
    await keys('add', 'client.shop');
    const [old] = kidsIn('client.shop');
    const rotated = await keys('rotate', 'client.shop');
    expect(rotated.code).toBe(0);
    const [kept, fresh = ''] = kidsIn('client.shop');
    expect([kept, rotated.stdout]).toEqual([old, expect.stringContaining(`${fresh} signs from`)]);
    const later = await keys('rotate', 'client.shop', '--seals-in', '1h');
    expect(later.code).toBe(0);
    const [, , coming] = kidsIn('client.shop');
    const retired = await keys('retire', 'client.shop');
    expect(retired.stdout).toBe('client.shop: 1 retired\n');
    expect(kidsIn('client.shop')).toEqual([fresh, coming]);
  });

  it('hands each its own keys, and takes away what it should no longer have', async () => {
    const own = (name: string) => readdirSync(join(folder, 'own', name)).toSorted();
    await keys('add', 'client.shop', '--alg', 'EdDSA');
    await keys('make', '--hand-out', 'own');
    expect(own('sentiment')).toEqual(['worker.sentiment.json']);
    expect(own('shop')).toEqual(['client.shop.own.json']);
    const hub = readdirSync(join(folder, made)).filter((name) => !name.includes('.own.'));
    expect(own('coordinator')).toEqual(hub.toSorted());
    const handed = join(folder, 'own/sentiment/worker.sentiment.json');
    expect(statSync(handed).mode & 0o777).toBe(0o600);
    await keys('rotate', 'worker.sentiment');
    rmSync(fileOf('client.shop'));
    expect((await keys('make', '--hand-out', 'own')).code).toBe(0);
    expect(readFileSync(handed, 'utf8')).toBe(readFileSync(fileOf('worker.sentiment'), 'utf8'));
    expect(own('coordinator')).toEqual(
      hub.filter((name) => name !== 'client.shop.json').toSorted(),
    );
  });

  it('says what to write for what is nobody that signs', async () => {
    const { code, stderr } = await keys('rotate', 'sentiment');
    expect(code).toBe(2);
    expect(stderr).toMatch(/worker\.<model> or client\.<name>/);
    expect((await keys('add', 'client.shop', '--alg', 'none')).stderr).toMatch(/HS256 or EdDSA/);
  });
});

describe('a fleet of flotilla up', { timeout: 180_000 }, () => {
  let broker: TestBroker;
  let transport: Transport;
  let up: ChildProcess | undefined;
  let output = '';
  const seen: Delivery[] = [];

  beforeAll(async () => {
    broker = await testBroker();
    transport = await connectAmqp({ url: broker.url });
  });
  afterEach(async () => {
    if (up === undefined) return;
    const closed = once(up, 'close');
    up.kill('SIGTERM');
    await closed;
    up = undefined;
  });
  afterAll(async () => {
    await transport?.close();
    await broker?.stop();
  });

  /** Everything that is published, as anybody may see it who may bind. */
  async function tap(): Promise<void> {
    const ready = Promise.withResolvers<Subscription>();
    const bindings = exchanges.map(({ name }) => ({ exchange: name, routingKey: '#' }));
    const subscription = await transport.consumeExclusive(
      { name: 'client.tap', bindings },
      {
        prefetch: 100,
        onBatch: async (deliveries) => {
          seen.push(...deliveries);
          (await ready.promise).settle(deliveries, 'ack');
        },
      },
    );
    ready.resolve(subscription);
  }

  async function start(): Promise<void> {
    output = '';
    const services = ['coordinator', 'triage-classifier', 'triage-keywords'];
    up = startCli(['up', ...services, '--broker', broker.url], { cwd: folder });
    for (const stream of [up.stdout, up.stderr]) {
      stream?.on('data', (text: Buffer) => {
        output += text;
      });
    }
    const says = (text: RegExp) =>
      eventually(() => expect(output).toMatch(text), { timeoutMs: 90_000 });
    await says(/coordinator +coordinating/);
    await says(/triage-keywords +serving/);
    await says(/triage-classifier +serving/);
  }

  const ask = () =>
    runCli(['run', 'triage', 'URGENT: the server is down!', '--json'], {
      cwd: folder,
      env: { AMQP_URL: broker.url },
    });
  const succeeded = async () => {
    const { stdout, stderr } = await ask();
    expect(stderr).toBe('');
    expect(JSON.parse(stdout).run.status).toBe('succeeded');
  };

  it('makes its keys, signs everything with them, and goes on with new ones', async () => {
    await start();
    await tap();
    await succeeded();
    const signers = [
      'coordinator.coordinator',
      'worker.triage-classifier',
      'worker.triage-keywords',
    ];
    const client = `client.${transport.userId}`;
    const rotated = await keys('rotate', ...signers.slice(1), client);
    expect(rotated.code).toBe(0);
    await succeeded();
    const retired = await keys('retire', ...signers.slice(1), client);
    expect(retired.stdout.match(/: 1 retired/g)).toHaveLength(3);
    await succeeded();
    await eventually(() => seen.filter(({ type }) => type === 'result').length === 3, {
      timeoutMs: 30_000,
    });
    const unsigned = seen.filter(({ headers }) => headers[header.token] === undefined);
    expect(unsigned.map(({ type }) => type)).toEqual([]);
    expect(output).not.toMatch(/message refused/);
    for (const secret of signers.flatMap(secretsIn)) expect(output).not.toContain(secret);
  });

  it('is asked by nobody whose key file others may read', async () => {
    await keys('add', `client.${transport.userId}`);
    chmodSync(fileOf(`client.${transport.userId}`), 0o644);
    const { code, stderr } = await ask();
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/can be read by others: chmod 600/);
  });
});
