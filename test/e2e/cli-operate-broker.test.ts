import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../shared/client/client.ts';
import type { Verbs } from '../../shared/client/verbs.ts';
import { AmqpFleet } from '../support/amqp-fleet.ts';
import { breakableChain } from '../support/breakable-chain.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { chainFlow } from '../support/chain-flow.ts';
import { type CliRun, runCli } from '../support/cli-process.ts';
import { eventually } from '../support/eventually.ts';
import { flowOf } from '../support/flow-text.ts';

/** The commands that look at a running fleet and act on it, over RabbitMQ. */

const FLOTILLA_MS = 120_000;

let broker: TestBroker;
let fleet: AmqpFleet;
let client: Client;
const chain = breakableChain();

beforeAll(async () => {
  broker = await testBroker();
  fleet = new AmqpFleet(broker);
  await fleet.worker(chain.one.model);
  await fleet.worker(chain.two.model);
  const asking = flowOf(`
- wait: approval
  ask: { question: "'Go?'" }
`);
  await fleet.coordinator([
    chainFlow(['one', 'two']),
    chainFlow(['one', 'one'], 'chain', { version: 2 }),
    asking,
  ]);
  client = await fleet.client();
}, FLOTILLA_MS);

afterAll(async () => {
  await fleet.stop();
  await broker.stop();
});

function flotilla(...args: readonly string[]): Promise<CliRun> {
  return runCli([...args, '--broker', broker.url], { cwd: tmpdir() });
}

async function json<T>(...args: readonly string[]): Promise<T> {
  const { stdout, stderr } = await flotilla(...args, '--json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

const failed = async (text: string): Promise<string> =>
  (await client.run('chain', { text }, { flowVersion: 1 })).run.id;

function fits({ stdout }: CliRun): void {
  for (const line of stdout.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(80);
}

describe('a running fleet', { timeout: FLOTILLA_MS }, () => {
  it('shows its models, stops one and lets it go on', async () => {
    expect((await flotilla('pause', 'one', '--reason', 'Kill switch.')).code).toBe(0);
    const paused = await flotilla('models');
    expect(paused.stdout).toMatch(/^model +workers +in flight +waiting +breaker +limits$/m);
    expect(paused.stdout).toMatch(/^one v1 +1 +0 +0 +paused/m);
    expect(paused.stdout).toMatch(/^ {2}paused by guest at .*: Kill switch\.$/m);
    fits(paused);
    expect((await flotilla('continue', 'one')).stdout).toBe('one goes on.\n');
    const { stdout } = await flotilla('models', '--json');
    const models = stdout.trimEnd().split('\n');
    expect(models.map((line) => JSON.parse(line))).toMatchObject([
      { model: 'one', versions: [1], workers: 1, concurrency: 10, paused: null },
      { model: 'two', limits: { window: 64 } },
    ]);
  });

  it('shows a run with who served it and what it cost, and lists it', async () => {
    const run = await failed('a');
    const shown = await flotilla('show', run);
    expect(shown.stdout).toMatch(/✔ s1 one@1 on \S+ in \d+ ms 0\.0012 USD/);
    expect(shown.stdout).toMatch(/^unexpected_error at s2: Out of order\.$/m);
    fits(shown);
    const listed = await json<Verbs['run.list']['answer']>('runs', '--status', 'failed');
    expect(listed.runs[0]).toMatchObject({ id: run, client: 'guest' });
  });

  it('lets runs go on, and says what is saved', async () => {
    const run = await failed('b');
    chain.broken = false;
    const resumed = await flotilla('resume', run);
    expect([resumed.code, resumed.stdout]).toEqual([0, expect.stringMatching(/^text {2}b12$/m)]);
    expect(resumed.stderr).toMatch(/1 step kept, 1 model call and 0\.0012 USD saved\.$/m);
    const rerun = await flotilla('rerun', run, '--from', 's2', '--no-wait');
    expect(rerun.stdout).toMatch(/^[0-9a-f-]{36}\n$/);
    expect((await client.result(rerun.stdout.trim())).payload).toEqual({ text: 'b12' });
    const fork = await json('fork', run, '--from', 's2', '--flow-version', '2');
    expect(fork).toMatchObject({ reused: ['s1'], result: { payload: { text: 'b11' } } });
    chain.broken = true;
  });

  it('takes an answer for a run that waits, and cancels another', async () => {
    const waiting = await client.submit('sample', {});
    const unwanted = await client.submit('sample', {});
    await eventually(() => fleet.told(unwanted.run).includes('wait_began'), { timeoutMs: 20_000 });
    const answered = await json('signal', waiting.run, 'approval', '--data', '{"go": true}');
    expect(answered).toEqual({ run: waiting.run, path: 'approval' });
    expect((await client.result(waiting.run)).payload).toEqual({ go: true });
    const late = await flotilla('signal', waiting.run, 'approval');
    expect([late.code, late.stderr]).toEqual([1, expect.stringMatching(/\(not_waiting\)$/m)]);
    await flotilla('cancel', unwanted.run, '--reason', 'Unwanted.');
    expect((await client.result(unwanted.run)).run.error?.message).toBe('Unwanted.');
  });

  it('lists, shows, edits, replays and drops dead letters', async () => {
    await flotilla('dead', 'drop', '--all');
    const empty = await flotilla('dead', 'ls');
    expect(empty.stdout).toBe('There are no such dead letters.\n');
    for (const text of ['x', 'y', 'z']) await failed(text);
    const letters = await eventually(
      async () => {
        const found = await client.operation('dead.list', { status: 'open' });
        return found.letters.length === 3 && found.letters;
      },
      { timeoutMs: 20_000 },
    );
    const [{ id } = { id: '' }] = letters;
    const listed = await flotilla('dead', 'ls');
    expect(listed.stdout.split('\n').filter((line) => /^[0-9a-f-]{36} /.test(line))).toHaveLength(
      3,
    );
    fits(listed);
    const shown = await flotilla('dead', 'show', id);
    expect(shown.stdout).toMatch(/^text {2}z1$/m);
    chain.broken = false;
    await flotilla('dead', 'edit', id, '--input', '{"text": "edited"}');
    const replayed = await flotilla('dead', 'replay', id);
    expect([replayed.code, replayed.stdout]).toEqual([0, expect.stringMatching(/edited2/)]);
    const group = await flotilla('dead', 'replay', '--model', 'two', '--rate', '600');
    expect(group.stdout).toMatch(/^2 dead letters are being replayed, 600 a minute\./);
    await eventually(
      async () => (await client.operation('dead.list', { status: 'open' })).letters.length === 0,
      { timeoutMs: 20_000 },
    );
    const none = await flotilla('dead', 'replay', '--all');
    expect(none.stdout).toBe('There are no such dead letters.\n');
    expect(await json('dead', 'drop', '--all')).toEqual({ dropped: 0 });
  });

  it('that is not there is said in a sentence', async () => {
    const away = ['--broker', 'amqp://127.0.0.1:1'];
    for (const args of [['runs'], ['models'], ['resume', 'x']]) {
      const { code, stdout, stderr } = await runCli([...args, ...away], { cwd: tmpdir() });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/\(broker_unreachable\)$/m);
    }
  });
});
