import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noUsage } from '../../../../services/coordinator/engine/usage.ts';
import { Limits } from '../../../../services/coordinator/limits/limits.ts';
import { OpenRequests } from '../../../../services/coordinator/limits/open-requests.ts';
import { ModelBook } from '../../../../services/coordinator/model-book.ts';
import type { EndedAttempt } from '../../../../services/coordinator/shared-effects.ts';
import { openSqliteStore } from '../../../../services/coordinator/store/sqlite/sqlite-store.ts';
import type { PlaceRow, Store } from '../../../../services/coordinator/store/store.ts';
import { Tenants } from '../../../../services/coordinator/tenants.ts';
import type { ModelLimits } from '../../../../shared/envelope/manifest.ts';
import { silentLogger as logger } from '../../../../shared/telemetry/logger.ts';
import { eventually } from '../../../support/eventually.ts';
import { aPlace } from '../../../support/place-builder.ts';
import { changes } from '../../../support/run-builder.ts';

let store: Store;
let nowMs: number;
let models: ModelBook;
let limits: Limits;
/** Runs that were told of their places. */
let told: string[];

beforeEach(() => {
  store = openSqliteStore(':memory:');
  nowMs = 1_000_000;
  told = [];
  models = new ModelBook(() => nowMs);
  const now = () => nowMs;
  limits = new Limits({
    store,
    models,
    open: new OpenRequests({ store, instance: 'one', now }),
    tenants: new Tenants(),
    logger,
    now,
    commit: async (tasks) => {
      told.push(...tasks.map(({ runId }) => runId));
    },
  });
});

afterEach(async () => {
  await limits.stop();
  await store.close();
});

function announce(own: ModelLimits, version = 1) {
  const estimate = { ...noUsage, inputTokens: 500 };
  const checks = { checkInput: () => [], checkOutput: () => [] };
  models.learn('echo', version, { ...checks, estimate, limits: own });
}

async function commit(some: { held?: readonly PlaceRow[]; ended?: readonly EndedAttempt[] }) {
  const { held = [], ended = [] } = some;
  const freed = ended.map(({ runId, path, attempt }) => ({ runId, path, attempt }));
  await store.transaction((transaction) =>
    transaction.write({ ...changes({}), places: { waiting: held, used: [], freed } }),
  );
  limits.committed({ runs: [], history: [], outbox: [], held, ended });
}

const ended = (runId: string, inputTokens = 0): EndedAttempt => ({
  runId,
  path: 'a',
  attempt: 1,
  model: 'echo',
  version: 1,
  how: 'answered',
  usage: { ...noUsage, inputTokens },
});

describe('a model without limits of its own', () => {
  it('has a window of 64, and of four requests for each call that its workers run at a time', () => {
    announce({});
    expect(limits.roomOf('echo')).toBe(64);
    models.heard('echo', 1, { instance: 'a', concurrency: 30 });
    expect(limits.roomOf('echo')).toBe(120);
    announce({ window: 7 });
    expect(limits.roomOf('echo')).toBe(7);
    expect(limits.keepsPlaces('echo')).toBe(false);
  });

  it('has no room as long as calls wait, and room again when they all have their places', async () => {
    announce({});
    const waiting = commit({ held: [aPlace('a', 1), aPlace('a', 2)] });
    await waiting;
    expect(limits.roomOf('echo')).toBe(0);
    await eventually(() => told.length === 2);
    await eventually(() => limits.roomOf('echo') === 64);
  });
});

describe('a model with strict limits', () => {
  it('has no room of its own: each call waits for its place and keeps it', async () => {
    announce({ inFlight: 1 });
    expect([limits.roomOf('echo'), limits.keepsPlaces('echo')]).toEqual([0, true]);
    await commit({ held: [aPlace('a', 1), aPlace('a', 2)] });
    await eventually(() => expect(told).toEqual(['a-1']));
    // No clock is needed for the next one.
    await commit({ ended: [ended('a-1')] });
    await eventually(() => expect(told).toEqual(['a-1', 'a-2']));
  });

  it('lets the next call through when the rate does, without being woken', async () => {
    announce({ requestsPerMinute: 1_200 });
    const held = Array.from({ length: 25 }, (_, n) => aPlace('a', n));
    await commit({ held });
    await eventually(() => told.length === 20);
    nowMs += 60_000;
    // Those that nobody has used for so long are told again, too.
    await eventually(() => new Set(told).size === 25);
  });

  it('settles what was set aside for tokens by what was really used', async () => {
    announce({ tokensPerMinute: 60_000 });
    await commit({ held: [aPlace('a', 1, { tokens: 500 })] });
    await eventually(() => told.length === 1);
    // 5,500 tokens used, 500 set aside: what is owed takes five seconds.
    await commit({ ended: [ended('a-1', 5_500)] });
    nowMs += 3_000;
    const next = aPlace('a', 2, { tokens: 500 });
    await commit({ held: [next, aPlace('later', 1, { model: 'other' })] });
    // The other model's turn comes after it.
    await eventually(() => told.includes('later-1'));
    expect(told).not.toContain('a-2');
    nowMs += 6_000;
    await limits.share();
    await eventually(() => expect(told).toContain('a-2'));
  });
});

describe('a model that is paused', () => {
  it('has no room and hands out nothing until it goes on', async () => {
    announce({ inFlight: 5 });
    models.setPaused('echo', true);
    await commit({ held: [aPlace('a', 1)] });
    await limits.share();
    expect([limits.roomOf('echo'), told]).toEqual([0, []]);
    expect(limits.state('echo')).toMatchObject({ crowded: true, paused: true });
    models.setPaused('echo', false);
    await limits.share();
    await eventually(() => expect(told).toEqual(['a-1']));
  });
});
