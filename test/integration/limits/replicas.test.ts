import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPostgresStore } from '../../../services/coordinator/store/postgres/postgres-store.ts';
import type { Store } from '../../../services/coordinator/store/store.ts';
import { TransientError } from '../../../shared/errors/errors.ts';
import { AmqpFleet } from '../../support/amqp-fleet.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { eventually } from '../../support/eventually.ts';
import { flowOf } from '../../support/flow-text.ts';
import { misbehaving } from '../../support/misbehaving-models.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';

/** Two coordinators on one database, and three workers of a model. */

let broker: TestBroker;
let database: TestDatabase;
let count = 0;
let fleet: AmqpFleet;
let second: Store;

beforeAll(async () => {
  [broker, database] = await Promise.all([testBroker(), testDatabase()]);
});

afterAll(async () => {
  await broker.stop();
  await database.stop();
});

beforeEach(async () => {
  count += 1;
  const schema = `limits_${count}`;
  fleet = new AmqpFleet(broker, await openPostgresStore(database.url, { schema }));
  second = await openPostgresStore(database.url, { schema });
});

afterEach(async () => {
  await fleet.stop();
  await second.close();
});

async function coordinators(nodes: string) {
  const flows = [flowOf(nodes, 'output: { text: context.a.text }')];
  await fleet.coordinator(flows, { instance: 'one' });
  await fleet.coordinator(flows, { instance: 'two', store: second });
}

/** A machine that does other things too takes its time. */
const patient = { timeoutMs: 60_000, intervalMs: 200 };

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('limits hold across replicas (LiteLLM #27736)', () => {
  it('never more calls under way than inFlight, over all workers', async () => {
    let [now, most] = [0, 0];
    const busy = misbehaving(
      'busy',
      async () => {
        now += 1;
        most = Math.max(most, now);
        await pause(15);
        now -= 1;
        return { text: 'done' };
      },
      { limits: { inFlight: 4 } },
    );
    for (let n = 0; n < 3; n += 1) await fleet.worker(busy.model);
    await coordinators('- { step: a, model: busy }');
    const client = await fleet.client();
    const results = await Promise.all(
      Array.from({ length: 80 }, (_, n) => client.run('sample', { text: `${n}` })),
    );
    expect(results.every(({ run }) => run.status === 'succeeded')).toBe(true);
    expect(busy.calls).toHaveLength(80);
    expect(most).toBe(4);
    expect(await second.crowdedModels(Date.now())).toEqual([]);
  });

  it('no more calls than requestsPerMinute lets through', async () => {
    const beganAtMs: number[] = [];
    const rated = misbehaving(
      'rated',
      () => {
        beganAtMs.push(Date.now());
        return { text: 'done' };
      },
      { limits: { requestsPerMinute: 600 } },
    );
    for (let n = 0; n < 3; n += 1) await fleet.worker(rated.model);
    await coordinators('- { step: a, model: rated }');
    const client = await fleet.client();
    await Promise.all(Array.from({ length: 30 }, (_, n) => client.run('sample', { text: `${n}` })));
    // 10 at once and then one each 102 ms.
    const tookMs = (beganAtMs.at(-1) ?? 0) - (beganAtMs[0] ?? 0);
    expect(beganAtMs).toHaveLength(30);
    expect(tookMs).toBeGreaterThanOrEqual(1_700);
  });

  it('no more tokens than tokensPerMinute, as they were really used', async () => {
    const beganAtMs: number[] = [];
    const spending = misbehaving(
      'spending',
      (_, call) => {
        beganAtMs.push(Date.now());
        call.usage({ inputTokens: 900, outputTokens: 100 });
        return { text: 'done' };
      },
      // A thousand a second; each call is thought to be cheap.
      { estimate: { inputTokens: 10 }, limits: { tokensPerMinute: 60_000, inFlight: 1 } },
    );
    await fleet.worker(spending.model);
    await coordinators('- { step: a, model: spending }');
    const client = await fleet.client();
    await Promise.all(Array.from({ length: 4 }, (_, n) => client.run('sample', { text: `${n}` })));
    const tookMs = (beganAtMs.at(-1) ?? 0) - (beganAtMs[0] ?? 0);
    expect(tookMs).toBeGreaterThanOrEqual(1_500);
  });
});

describe('a breaker of two coordinators', () => {
  it('opens after failures, keeps both from calling, and closes after its probes', {
    timeout: 300_000,
  }, async () => {
    let well = false;
    const sick = misbehaving('sick', () => {
      if (!well) throw new TransientError('ill', 'Not now.');
      return { text: 'from sick' };
    });
    const good = misbehaving('good', () => ({ text: 'from good' }));
    await fleet.worker(sick.model);
    await fleet.worker(good.model);
    await coordinators(
      `- step: a
  model: sick
  retry: { attempts: 1 }
  fallback: good
  breaker: { failureRate: 0.5, minCalls: 4, window: 30s, openFor: 4s, probes: 2 }`,
    );
    const client = await fleet.client();
    await eventually(async () => (await second.manifests()).length === 2, patient);
    const ask = async (times: number) => {
      const asked = Array.from({ length: times }, () => client.run('sample', { text: 'hello' }));
      return (await Promise.all(asked)).map(({ payload }) => (payload as { text: string }).text);
    };
    const state = async () => {
      const document = (await second.readDocuments('breaker/')).get('breaker/sick') ?? {};
      const [breaker] = Object.values(document) as { state: { name: string } }[];
      return breaker?.state.name;
    };
    expect(new Set(await ask(6))).toEqual(new Set(['from good']));
    await eventually(async () => expect(await state()).toBe('open'), patient);
    // Both coordinators know it within a second: from then on nobody calls, until it is time for a probe.
    await eventually(async () => {
      const before = sick.calls.length;
      await ask(8);
      return sick.calls.length === before;
    }, patient);
    const before = sick.calls.length;
    well = true;
    await eventually(async () => {
      await ask(1);
      return (await state()) === 'closed';
    }, patient);
    expect(sick.calls.length - before).toBeGreaterThanOrEqual(2);
    await eventually(async () => (await ask(4)).every((text) => text === 'from sick'), patient);
  });
});
