import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPostgresStore } from '../../../services/coordinator/store/postgres/postgres-store.ts';
import type {
  Changes,
  PlaceChanges,
  PlaceKey,
  Store,
} from '../../../services/coordinator/store/store.ts';
import { eventually } from '../../support/eventually.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { aRun, changes } from '../../support/run-builder.ts';
import { aClaim, aPlace } from '../../support/store-rows.ts';

let database: TestDatabase;
let count = 0;
let one: Store;
let two: Store;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database.stop());

const schema = () => `sharing_${count}`;

beforeEach(async () => {
  count += 1;
  const open = () => openPostgresStore(database.url, { schema: schema() });
  [one, two] = await Promise.all([open(), open()]);
});

afterEach(async () => {
  await Promise.all([one.close(), two.close()]);
});

const write = (store: Store, some: Partial<Changes>) =>
  store.transaction((transaction) => transaction.write(changes(some)));
const writePlaces = (store: Store, some: Partial<PlaceChanges>) =>
  write(store, { places: { freed: [], waiting: [], used: [], ...some } });

describe('two coordinators that share what runs do not own', () => {
  it('give the claim on an answer to one of two that both saw none', async () => {
    const bothLooked = Promise.withResolvers<void>();
    let looks = 0;
    const ask = (store: Store, runId: string) =>
      store.transaction(async (transaction) => {
        const known = (await transaction.readAnswers(['a'], 1_000)).get('a');
        looks += 1;
        if (looks === 2) bothLooked.resolve();
        await bothLooked.promise;
        if (known?.claim) return `waits for ${known.claim.runId}`;
        const claimed = [aClaim('a', runId), aClaim(`of ${runId}`, runId)];
        await transaction.write(changes({ answers: { released: [], kept: [], claimed } }));
        return 'asks';
      });
    const outcomes = await Promise.all([ask(one, 'run-1'), ask(two, 'run-2')]);
    const winner = outcomes.indexOf('asks') + 1;
    expect(outcomes.toSorted()).toEqual(['asks', `waits for run-${winner}`]);
    expect(looks).toBe(3);
  });

  it('never hand out more places than there are, and each call gets one', async () => {
    const [LIMIT, CALLS] = [3, 40];
    const rows = Array.from({ length: CALLS }, (_, at) => aPlace(`run-${at}`, { sinceMs: at }));
    await writePlaces(one, { waiting: rows });
    const granted: PlaceKey[] = [];
    let inFlight = 0;
    let most = 0;
    const handOut = async (store: Store) => {
      const places = await store.grantPlaces('echo', 1_000, ({ waiting, taken, meter }) => ({
        // Two that choose the same calls would keep the limit by chance.
        granted: (store === one ? waiting : waiting.toReversed()).slice(
          0,
          Math.max(0, LIMIT - taken),
        ),
        meter: { handed: Number(meter['handed'] ?? 0) + Math.max(0, LIMIT - taken) },
      }));
      granted.push(...places);
      inFlight += places.length;
      most = Math.max(most, inFlight);
      for (const place of places) {
        await writePlaces(store, { used: [place] });
        inFlight -= 1;
        await writePlaces(store, { freed: [place] });
      }
    };
    while (granted.length < CALLS) {
      await Promise.all([handOut(one), handOut(two), handOut(one), handOut(two)]);
    }
    expect(granted.map(({ runId }) => runId).toSorted()).toEqual(
      rows.map(({ runId }) => runId).toSorted(),
    );
    expect(most).toBeLessThanOrEqual(LIMIT);
    expect(await two.crowdedModels(9_999)).toEqual([]);
  });

  it('make a document once when both find none', async () => {
    const add = (store: Store) =>
      store.changeDocument('a', (document) => ({ times: Number(document?.['times'] ?? 0) + 1 }));
    await Promise.all([add(one), add(two), add(one), add(two)]);
    expect((await one.readDocuments('a')).get('a')).toEqual({ times: 4 });
  });

  it('list runs in the order in which they came, whoever accepted them', async () => {
    for (const [at, store] of [one, two, one, two].entries()) {
      await write(store, { runs: [aRun(`run-${at}`, { flow: `flow-${at % 3}` })] });
    }
    const jobs = (await one.listRuns({}, 9)).map(({ jobId }) => jobId);
    expect(jobs).toEqual(['run-3', 'run-2', 'run-1', 'run-0']);
    const next = await two.listRuns({}, 1, aRun('run-2').id);
    expect(next.map(({ jobId }) => jobId)).toEqual(['run-1']);
  });

  it('touch no index when they update a run that goes well', async () => {
    const run = aRun('good');
    await write(one, { runs: [{ ...run, status: 'pending' }] });
    await write(one, { runs: [run] });
    await write(one, { runs: [{ ...run, status: 'succeeded', dueMs: null }] });
    // The server counts when a connection ends.
    await one.close();
    await eventually(async () => {
      const [row] = await database.sql(
        `SELECT n_tup_upd::int AS updates, n_tup_hot_upd::int AS within
         FROM pg_stat_user_tables WHERE schemaname = $1 AND relname = 'runs'`,
        [schema()],
      );
      expect(row).toEqual({ updates: 2, within: 2 });
    });
  });
});
