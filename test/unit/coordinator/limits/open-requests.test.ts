import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Run } from '../../../../services/coordinator/engine/run.ts';
import { OpenRequests } from '../../../../services/coordinator/limits/open-requests.ts';
import { Recount } from '../../../../services/coordinator/limits/recount.ts';
import { openSqliteStore } from '../../../../services/coordinator/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../../services/coordinator/store/store.ts';
import { aRun, changes } from '../../../support/run-builder.ts';

let store: Store;
let nowMs: number;
beforeEach(() => {
  store = openSqliteStore(':memory:');
  nowMs = 100_000;
});
afterEach(() => store.close());

const coordinator = (instance: string, over = store) =>
  new OpenRequests({ store: over, instance, now: () => nowMs });

const openAt = (model: string) =>
  ({
    kind: 'call',
    path: 'a',
    attempt: 1,
    failures: 0,
    rung: 0,
    reasks: 0,
    firstDispatchedAtMs: 0,
    withinAtMs: null,
    phase: { name: 'open', model, version: 1, silentAtMs: 1, republished: 0 },
  }) as const;

/** A run at its nth decision; one that asks a model, or has ended. */
function runAt(id: string, revision: number, model: string | null): Run {
  const run = { ...aRun(id), revision };
  return model === null
    ? { ...run, status: 'succeeded', state: null, finishedAtMs: nowMs, dueMs: null }
    : { ...run, state: openAt(model) };
}

const save = (run: Run) =>
  store.transaction((transaction) => transaction.write(changes({ runs: [run] })));

/** Commits a step of a run through a coordinator. */
async function commit(by: OpenRequests, before: Run | undefined, after: Run): Promise<Run> {
  await save(after);
  by.count(before, after);
  return after;
}

describe('the open requests of a model', () => {
  it('are counted from one state of a run to the next', async () => {
    const one = coordinator('one');
    await one.begin();
    const asked = await commit(one, undefined, runAt('r', 1, 'echo'));
    expect([one.total('echo'), one.total('other')]).toEqual([1, 0]);
    const passedOn = await commit(one, asked, runAt('r', 2, 'other'));
    expect([one.total('echo'), one.total('other')]).toEqual([0, 1]);
    await commit(one, passedOn, runAt('r', 3, null));
    expect([one.total('echo'), one.total('other')]).toEqual([0, 0]);
  });

  it('are known to all coordinators within a second, whoever opened and whoever answered them', async () => {
    const [one, two] = [coordinator('one'), coordinator('two')];
    await one.begin();
    await two.begin();
    const runs = await Promise.all(
      ['a', 'b', 'c'].map((id) => commit(one, undefined, runAt(id, 1, 'echo'))),
    );
    await one.share();
    nowMs += 3_000;
    await two.share();
    expect([one.total('echo'), two.total('echo')]).toEqual([3, 3]);
    for (const run of runs) await commit(two, run, runAt(run.jobId, 2, null));
    await two.share();
    nowMs += 3_000;
    await one.share();
    expect([one.total('echo'), two.total('echo')]).toEqual([0, 0]);
  });

  it('are not added twice when the answer of the store was lost', async () => {
    const losing = { now: false };
    const one = coordinator('one', losingAnswers(store, losing));
    await one.begin();
    await commit(one, undefined, runAt('a', 1, 'echo'));
    losing.now = true;
    await expect(one.share()).rejects.toThrow('lost');
    losing.now = false;
    await one.share();
    const two = coordinator('two');
    await two.begin();
    expect([one.total('echo'), two.total('echo')]).toEqual([1, 1]);
  });

  it('are right after a coordinator has ended in good order', async () => {
    const [one, two] = [coordinator('one'), coordinator('two')];
    await one.begin();
    await two.begin();
    const run = await commit(one, undefined, runAt('a', 1, 'echo'));
    await one.end();
    nowMs += 3_000;
    await two.share();
    expect(two.total('echo')).toBe(1);
    await commit(two, run, runAt('a', 2, null));
    expect(two.total('echo')).toBe(0);
  });

  it('are counted anew when a coordinator was killed and is alone when it begins again', async () => {
    const dead = coordinator('one');
    await dead.begin();
    await commit(dead, undefined, runAt('a', 1, 'echo'));
    const again = coordinator('one');
    await again.begin();
    expect(again.total('echo')).toBe(1);
  });

  it.each(['one', 'another'])(
    'are made right by who lives when a coordinator was killed, and begins again as %s',
    async (name) => {
      const [dead, living] = [coordinator('one'), coordinator('two')];
      await dead.begin();
      await living.begin();
      const run = await commit(dead, undefined, runAt('a', 1, 'echo'));
      await commit(dead, undefined, runAt('b', 1, 'echo'));
      // Killed before it could share that.
      await commit(living, run, runAt('a', 2, null));
      const again = coordinator(name);
      await again.begin();
      for (let second = 0; second < 40; second += 1) {
        nowMs += 1_000;
        await living.share();
        await again.share();
      }
      expect([living.total('echo'), again.total('echo')]).toEqual([1, 1]);
      expect((await store.readDocuments('open')).get('open')).toMatchObject({ unsure: false });
    },
  );

  it('are counted anew when somebody doubts them', async () => {
    const one = coordinator('one');
    await one.begin();
    await store.changeDocument('open', (document) => ({ ...document, totals: { echo: 64 } }));
    nowMs += 60_000;
    one.doubt();
    await one.share();
    expect(one.total('echo')).toBe(0);
  });

  it('are taken over by a coordinator that was thought dead and lives', async () => {
    const [slow, two] = [coordinator('slow'), coordinator('two')];
    await slow.begin();
    await two.begin();
    await commit(slow, undefined, runAt('a', 1, 'echo'));
    await slow.share();
    nowMs += 20_000;
    await two.share();
    await commit(slow, undefined, runAt('b', 1, 'echo'));
    await slow.share();
    nowMs += 3_000;
    await two.share();
    expect([slow.total('echo'), two.total('echo')]).toEqual([2, 2]);
  });
});

describe('a recount', () => {
  it('is exact whatever this coordinator commits meanwhile', async () => {
    const step = fc.record({ run: fc.nat({ max: 6 }), after: fc.nat({ max: 14 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const own = openSqliteStore(':memory:');
        const write = (run: Run) =>
          own.transaction((transaction) => transaction.write(changes({ runs: [run] })));
        const runs = new Map<number, Run>();
        for (const run of [1, 3, 5]) {
          runs.set(run, runAt(`r${run}`, 1, 'echo'));
          await write(runAt(`r${run}`, 1, 'echo'));
        }
        const recount = new Recount(2);
        // Between any two reads some of the steps happen.
        let reads = 0;
        const play = async () => {
          reads += 1;
          for (const { run } of steps.filter(({ after }) => after === reads)) {
            const before = runs.get(run);
            if (before !== undefined && before.finishedAtMs !== null) continue;
            const revision = (before?.revision ?? 0) + 1;
            const after = runAt(`r${run}`, revision, revision % 3 === 0 ? null : 'echo');
            await write(after);
            recount.note(after);
            runs.set(run, after);
          }
        };
        await recount.read(playing(own, play));
        const open = [...runs.values()].filter((run) => run.finishedAtMs === null).length;
        expect(recount.open).toEqual(open === 0 ? {} : { echo: open });
        await own.close();
      }),
      { numRuns: 100 },
    );
  });
});

/** Does what it is asked; while `losing` says so the answer is lost. */
function losingAnswers(real: Store, losing: { now: boolean }): Store {
  return over(real, {
    async changeDocument(key, change) {
      const answer = await real.changeDocument(key, change);
      if (losing.now) throw new Error('lost');
      return answer;
    },
  });
}

/** Lets something happen before and after each read. */
function playing(real: Store, play: () => Promise<void>): Store {
  return over(real, {
    async openRunIds(after, limit) {
      await play();
      const ids = await real.openRunIds(after, limit);
      await play();
      return ids;
    },
    async transaction(work) {
      const answer = await real.transaction(work);
      await play();
      return answer;
    },
  });
}

function over(real: Store, changed: Partial<Store>): Store {
  return new Proxy(real, {
    get: (target, name) => {
      const value = Reflect.get(changed, name) ?? Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
