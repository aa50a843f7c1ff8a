import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCoordinator } from '../../../services/coordinator/coordinator.ts';
import { openSqliteStore } from '../../../services/coordinator/store/sqlite/sqlite-store.ts';
import { silentLogger } from '../../../shared/telemetry/logger.ts';
import { exchange, queue } from '../../../shared/transport/topology.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { InProcessFleet, marks } from '../../support/in-process-fleet.ts';
import { anOutboxRow, aRun, changes } from '../../support/run-builder.ts';
import { replyTo } from '../../support/scripted-worker.ts';

let folder: string;
let file: string;
let fleet: InProcessFleet;
const flow = chainFlow(['one', 'two']);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-recovery-'));
  file = join(folder, 'store.db');
  fleet = new InProcessFleet(file);
});

afterEach(async () => {
  await fleet.close();
  await rm(folder, { recursive: true });
  expect(fleet.errors).toEqual([]);
});

const typesOf = async (run: string) =>
  (await fleet.store.readHistory(run)).map((row) => `${row.type} ${row.path ?? ''}`.trim());

describe('a coordinator that starts again', () => {
  it('goes on where the one before was, and accepts each reply once', async () => {
    const answers: (() => void)[] = [];
    const one = await fleet.worker('one', async ({ payload }) => {
      await new Promise<void>((resolve) => answers.push(resolve));
      return { text: `${payload['text']}1` };
    });
    await fleet.worker('two', marks('2'));
    const first = await fleet.coordinator([flow]);
    const client = await fleet.client();
    const { run } = await client.submit('chain', { text: 'go' });
    await eventually(() => one.requests.length === 1);
    await first.stop();
    await fleet.coordinator([flow]);
    for (const answer of answers) answer();
    await eventually(() => one.requests.length === 2 && answers.length === 2);
    for (const answer of answers) answer();
    expect((await client.result(run)).payload).toEqual({ text: 'go12' });
    await eventually(async () => (await typesOf(run)).includes('reply_duplicate s1'));
    const [asked, askedAgain] = one.requests;
    expect(askedAgain?.id).toBe(asked?.id);
    const accepted = (await typesOf(run)).filter((type) => type.startsWith('reply_accepted'));
    expect(accepted).toEqual(['reply_accepted s1', 'reply_accepted s2']);
  });

  it('runs what began with a flow that is no longer loaded', async () => {
    const one = await fleet.worker('one', () => undefined);
    await fleet.worker('two', marks('2'));
    const first = await fleet.coordinator([flow]);
    const client = await fleet.client();
    const { run } = await client.submit('chain', { text: 'go' });
    const request = await eventually(() => one.requests[0] ?? false);
    await first.stop();
    await fleet.coordinator([chainFlow(['other'])]);
    await fleet.transport('one').publish([replyTo(request, { text: 'from one' })]);
    expect((await client.result(run)).payload).toEqual({ text: 'from one2' });
  });

  it('believes no timer before the replies that waited for it are read', async () => {
    const one = await fleet.worker('one', () => undefined, { limits: { window: 1_000 } });
    const single = chainFlow(['one']);
    const first = await fleet.coordinator([single]);
    const client = await fleet.client();
    // More than one batch: a look at the timers could come in between.
    const jobs = await Promise.all(
      Array.from({ length: 350 }, () =>
        client.submit('chain', { text: 'go' }, { deadlineMs: 60_000 }),
      ),
    );
    await eventually(() => one.requests.length === jobs.length);
    await first.stop();
    const replies = one.requests.map((request) => replyTo(request, { text: 'in time' }));
    await fleet.transport('one').publish(replies);
    // Its clock says that the deadlines have passed; the replies were there before.
    const late = await startCoordinator({
      store: fleet.store,
      transport: fleet.transport('coordinator'),
      flows: [single],
      instance: 'late',
      logger: silentLogger,
      now: () => Date.now() + 120_000,
    });
    const results = await Promise.all(jobs.map(({ run }) => client.result(run)));
    await late.stop();
    expect(new Set(results.map(({ run }) => run.status))).toEqual(new Set(['succeeded']));
  });

  it('ends what became due while nobody was there', async () => {
    const one = await fleet.worker('one', () => undefined);
    const single = chainFlow(['one']);
    const first = await fleet.coordinator([single]);
    const client = await fleet.client();
    const { run } = await client.submit('chain', { text: 'go' }, { deadlineMs: 60_000 });
    await eventually(() => one.requests.length === 1);
    await first.stop();
    expect((await fleet.store.findRun(run))?.status).toBe('running');
    await fleet.coordinator([single], { now: () => Date.now() + 120_000 });
    expect((await client.result(run)).run.status).toBe('timed_out');
  });
});

describe('the relay', () => {
  it('publishes what is overdue, and drops a request whose attempt is closed', async () => {
    const seen: string[] = [];
    await fleet.transport().consumeExclusive(
      { name: 'tap', bindings: [{ exchange: exchange.work, routingKey: 'one.v1' }] },
      {
        prefetch: 10,
        onBatch: (batch) => void seen.push(...batch.map(({ messageId }) => `${messageId}`)),
      },
    );
    const call = {
      kind: 'call',
      path: 's1',
      attempt: 2,
      failures: 1,
      rung: 0,
      reasks: 0,
      firstDispatchedAtMs: 0,
      withinAtMs: null,
      phase: {
        name: 'open',
        model: 'one',
        version: 1,
        silentAtMs: Date.now() + 60_000,
        republished: 0,
      },
    } as const;
    const run = aRun('one', {
      flowDigest: flow.flow.digest,
      deadlineMs: Date.now() + 60_000,
      dueMs: Date.now() + 60_000,
      state: { kind: 'sequence', at: 0, child: call },
    });
    const row = { runId: run.id, routingKey: 'one.v1', dueAtMs: Date.now() - 1 };
    await fleet.store.transaction((work) =>
      work.write(
        changes({
          runs: [run],
          values: [{ runId: run.id, key: '$payload', value: { text: 'go' } }],
          outbox: [
            anOutboxRow('open', { ...row, attemptKey: 's1#2' }),
            anOutboxRow('closed', { ...row, attemptKey: 's1#1' }),
          ],
        }),
      ),
    );
    await fleet.coordinator([flow]);
    await eventually(() => seen.includes('open'));
    await eventually(
      async () => (await fleet.store.takeOverdueOutbox(Infinity, 0, 9)).length === 0,
    );
    expect(seen).not.toContain('closed');
  });
});

describe('a message that cannot be handled', () => {
  const reasons = async () =>
    (await fleet.store.listDeadLetters({ kind: 'failed' }, 10)).map(({ code }) => code);

  it('because its run fits no flow is parked; its neighbours go on', async () => {
    const one = await fleet.worker('one', () => undefined);
    const single = chainFlow(['one']);
    await fleet.coordinator([single]);
    const lost = aRun('lost', { flowDigest: 'nobody has it', dueMs: Date.now() + 60_000 });
    await fleet.store.transaction((work) => work.write(changes({ runs: [lost] })));
    const client = await fleet.client();
    const { run } = await client.submit('chain', { text: 'go' });
    const request = await eventually(() => one.requests[0] ?? false);
    const poison = { ...request, step: { ...request.step, run: lost.id } };
    await fleet
      .transport('one')
      .publish([replyTo(poison, { text: 'x' }), replyTo(request, { text: 'good' })]);
    expect((await client.result(run)).payload).toEqual({ text: 'good' });
    await eventually(async () => (await reasons()).length > 0);
    expect(await reasons()).toEqual(['flow_missing']);
  });

  it('because the store refuses it is parked alone: the batch is repeated one by one', async () => {
    const one = await fleet.worker('one', () => undefined);
    await fleet.coordinator([chainFlow(['one'])]);
    const client = await fleet.client();
    const jobs = await Promise.all(
      ['a', 'poison', 'b'].map((text) => {
        const deadlineMs = text === 'poison' ? 5_000 : 60_000;
        return client.submit('chain', { text }, { deadlineMs });
      }),
    );
    await eventually(() => one.requests.length === 3);
    const database = new DatabaseSync(file);
    database.exec(`CREATE TRIGGER poison BEFORE INSERT ON run_values WHEN new.value LIKE '%poison!%'
      BEGIN SELECT RAISE(ABORT, 'no poison'); END`);
    database.close();
    await fleet
      .transport('one')
      .publish(
        one.requests.map((request) => replyTo(request, { text: `${request.payload['text']}!` })),
      );
    const results = await Promise.all(jobs.map(({ run }) => client.result(run)));
    expect(results.map(({ run }) => run.status)).toEqual(['succeeded', 'timed_out', 'succeeded']);
    await eventually(async () => (await reasons()).includes('unexpected_error'));
    expect(fleet.broker.readyCount(queue.replies)).toBe(0);
  });
});

describe('a store that cannot be used', () => {
  it('is waited for: nothing is acknowledged, nothing is lost', async () => {
    await fleet.worker('one', marks('1'));
    const warnings: object[] = [];
    const coordinator = await startCoordinator({
      store: fleet.store,
      transport: fleet.transport('coordinator'),
      flows: [chainFlow(['one'])],
      instance: 'patient',
      logger: { ...silentLogger, info() {}, debug() {}, warn: (fields) => warnings.push(fields) },
    });
    const client = await fleet.client();
    await client.run('chain', { text: 'before' });
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    const { run } = await client.submit('chain', { text: 'go' });
    await eventually(() => warnings.length > 0, { timeoutMs: 10_000 });
    expect(warnings[0]).toMatchObject({ code: 'store_unavailable' });
    other.exec('ROLLBACK');
    other.close();
    expect((await client.result(run)).payload).toEqual({ text: 'go1' });
    await coordinator.stop();
  });

  it('because another process took it over makes the coordinator say that it must end', async () => {
    const coordinator = await fleet.coordinator([flow]);
    const other = new DatabaseSync(file);
    other.exec(`UPDATE lease SET token = 'somebody else'`);
    other.close();
    await (await fleet.client()).submit('chain', { text: 'go' });
    expect(await coordinator.lost).toMatchObject({ code: 'lease_lost' });
    await coordinator.stop();
    // The job was not acknowledged: whoever has the store now gets it.
    expect(fleet.broker.readyCount(queue.jobs)).toBe(1);
    fleet.errors.length = 0;
  });
});

describe('cold start', () => {
  it.each([
    ['job, coordinator, worker'],
    ['worker, coordinator, job'],
    ['coordinator, worker, job'],
    ['job, worker, coordinator'],
  ])('in the order %s ends with a result', async (order) => {
    const client = await fleet.client();
    const parts: Record<string, () => Promise<unknown>> = {
      job: () => client.submit('chain', { text: 'go' }, { id: 'cold' }),
      coordinator: () => fleet.coordinator([chainFlow(['one'])]),
      worker: () => fleet.worker('one', marks('1')),
    };
    for (const part of order.split(', ')) await parts[part]?.();
    expect((await client.result('cold')).payload).toEqual({ text: 'go1' });
  });
});

it('two coordinators in one process need two stores', async () => {
  expect(() => openSqliteStore(file)).toThrow(/DATABASE_URL/);
});
