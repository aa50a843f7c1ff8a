import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgresStore } from '../../../services/coordinator/store/postgres/postgres-store.ts';
import type { Store } from '../../../services/coordinator/store/store.ts';
import { eventually } from '../../support/eventually.ts';
import type { PrivatePostgres } from '../../support/postgres/running-postgres.ts';
import { startPrivatePostgres } from '../../support/postgres.ts';
import { aRun, changes } from '../../support/run-builder.ts';

let postgres: PrivatePostgres;
let url: string;
let store: Store;

beforeAll(async () => {
  postgres = await startPrivatePostgres();
  url = await postgres.addDatabase('restarts');
  store = await openPostgresStore(url);
});

afterAll(async () => {
  await store.close();
  await postgres.stop();
});

const write = (jobId: string) =>
  store.transaction((transaction) => transaction.write(changes({ runs: [aRun(jobId)] })));

describe('a PostgreSQL that goes away and comes back', () => {
  it.each(['killed', 'cleanly'] as const)(
    '(%s) takes nothing along that was told as done',
    async (how) => {
      const told = new Set<string>();
      const refused: unknown[] = [];
      let count = 0;
      let down = false;
      const writer = async () => {
        while (!down) {
          count += 1;
          const jobId = `${how}-${count}`;
          await write(jobId).then(
            () => told.add(jobId),
            (error: { code?: string }) => refused.push(error.code),
          );
        }
      };
      const writers = Promise.all([writer(), writer(), writer()]);
      await eventually(() => told.size > 20);
      await postgres.halt(how);
      down = true;
      const back = postgres.start();
      await writers;
      await back;
      expect(new Set(refused).isSubsetOf(new Set(['store_unavailable']))).toBe(true);
      for (const jobId of told) expect(await store.findRun(aRun(jobId).id)).toBeDefined();
      const open = await store.openRunIds('', 10_000);
      const kept = Array.from({ length: count }, (_, index) => `${how}-${index + 1}`).filter(
        (jobId) => open.includes(aRun(jobId).id),
      );
      // What was refused as not written was not written.
      expect(kept.toSorted()).toEqual([...told].toSorted());
    },
  );

  it('is said to be away while it is, and used again without help', async () => {
    await postgres.halt('cleanly');
    await expect(store.findRun('x')).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(write('away')).rejects.toMatchObject({ code: 'store_unavailable' });
    await postgres.start();
    await write('back');
    expect(await store.findRun(aRun('back').id)).toBeDefined();
  });

  it('is waited for at the start, and not for ever', async () => {
    await postgres.halt('cleanly');
    const early = openPostgresStore(url, { openTimeoutMs: 0 });
    await expect(early).rejects.toMatchObject({ code: 'store_unavailable' });
    const patient = openPostgresStore(url);
    await postgres.start();
    await (await patient).close();
  });
});
