import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Run } from '../../services/coordinator/engine/run.ts';
import { openPostgresStore } from '../../services/coordinator/store/postgres/postgres-store.ts';
import { openSqliteStore } from '../../services/coordinator/store/sqlite/sqlite-store.ts';
import type { Store } from '../../services/coordinator/store/store.ts';
import { findPostgres } from '../support/postgres/find.ts';
import { anOutboxRow, aRun, changes } from '../support/run-builder.ts';
import { median } from './load.ts';

/**
 * How many transitions a store writes per second: `node test/bench/store.ts [--rounds 3] [--open 0]`. A transition locks a run
 * and writes it with a value, a history entry and an outbox row, deleting the outbox row before it: what a reply in a chain
 * costs. SQLite and PostgreSQL take turns. `--open` is the number of other open runs in the store.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    open: { type: 'string', default: '0' },
  },
});
const rounds = Number(values.rounds);
const open = Number(values.open);
const STEPS = 4;
const shapes = [
  { name: 'batches of 100', batch: 100, runs: 2_000, lanes: 1 },
  { name: 'batches of 100, 2 lanes', batch: 100, runs: 2_000, lanes: 2 },
  { name: 'one by one', batch: 1, runs: 300, lanes: 1 },
];
const body = Buffer.from(JSON.stringify({ text: 'a'.repeat(400) }));
let serial = 0;

/** Takes one run of each id a step further; answers when it is committed. */
async function transition(store: Store, ids: readonly string[], step: number): Promise<void> {
  await store.transaction(async (transaction) => {
    const locked = await transaction.lockRuns(ids);
    const runs = ids.map((id) => next(locked.get(id) ?? aRun(id, { id }), step));
    await transaction.write({
      runs,
      values: ids.map((runId) => ({ runId, key: `step${step}`, value: { text: 'an answer' } })),
      history: ids.map((runId) => ({ runId, atMs: step, type: 'value_written', path: 'step' })),
      outbox: ids.map((id) => anOutboxRow(`${id} ${step}`, { runId: id, dueAtMs: 1e15, body })),
      published: ids.map((id) => `${id} ${step - 1}`),
    });
  });
}

function next(run: Run, step: number): Run {
  if (step === STEPS) return { ...run, status: 'succeeded', dueMs: null, finishedAtMs: step };
  return { ...run, dueMs: 1e14 + step };
}

/** Transitions per second. */
async function measure(store: Store, shape: (typeof shapes)[number]): Promise<number> {
  const batches = Array.from({ length: shape.runs / shape.batch }, () =>
    Array.from({ length: shape.batch }, () => {
      serial += 1;
      return aRun(`bench-${serial}`).id;
    }),
  );
  const queue = batches.values();
  const lane = async () => {
    for (const ids of queue) {
      for (let step = 1; step <= STEPS; step += 1) await transition(store, ids, step);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: shape.lanes }, lane));
  return (shape.runs * STEPS * 1_000) / (performance.now() - began);
}

async function fill(store: Store): Promise<void> {
  for (let made = 0; made < open; made += 1_000) {
    const runs = Array.from({ length: 1_000 }, (_, index) => aRun(`open-${made + index}`));
    const due = runs.map((run) => ({ ...run, dueMs: 2e14 }));
    await store.transaction((transaction) => transaction.write(changes({ runs: due })));
  }
}

const postgres = await findPostgres('bench');
const folder = await mkdtemp(join(tmpdir(), 'flotilla-store-bench-'));
const database = `flotilla_bench_${process.pid}`;
const stores = [
  { name: 'SQLite', store: openSqliteStore(join(folder, 'bench.db')) as Store },
  { name: 'PostgreSQL', store: await openPostgresStore(await postgres.addDatabase(database)) },
];
try {
  process.stdout.write(`${postgres.description}; ${open} other open runs\n`);
  for (const { store } of stores) await fill(store);
  for (const shape of shapes) {
    const figures: number[][] = stores.map(() => []);
    for (let round = 0; round <= rounds; round += 1) {
      for (const [index, { store }] of stores.entries()) {
        const perSecond = await measure(store, shape);
        if (round > 0) figures[index]?.push(perSecond);
      }
    }
    const [sqlite = 0, server = 0] = figures.map(median);
    process.stdout.write(
      `${shape.name.padEnd(26)} SQLite ${sqlite.toFixed(0).padStart(6)}/s  PostgreSQL ${server.toFixed(0).padStart(6)}/s  ratio ${(server / sqlite).toFixed(2)}\n`,
    );
  }
} finally {
  for (const { store } of stores) await store.close();
  await postgres.removeDatabase(database);
  await postgres.stop();
  await rm(folder, { recursive: true });
}
