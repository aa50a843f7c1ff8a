import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPostgresStore } from '../../../services/coordinator/store/postgres/postgres-store.ts';
import { AmqpFleet } from '../../support/amqp-fleet.ts';
import { breakableChain } from '../../support/breakable-chain.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { plainOperations } from '../../support/plain-operations.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';

/** Operations where two coordinators share one PostgreSQL database: each may answer, and neither does twice what was asked once. */

let broker: TestBroker;
let database: TestDatabase;
let fleet: AmqpFleet;
const slow = { timeoutMs: 30_000 };

beforeAll(async () => {
  [broker, database] = await Promise.all([testBroker(), testDatabase()]);
}, 120_000);
afterAll(async () => {
  await broker.stop();
  await database.stop();
});
beforeEach(async () => {
  fleet = new AmqpFleet(broker, await openPostgresStore(database.url));
});
afterEach(() => fleet.stop());

describe('two coordinators on one database', () => {
  it('make one run of an operation that is delivered many times, and one replay of each letter', async () => {
    const chain = breakableChain();
    await fleet.worker(chain.one.model);
    await fleet.worker(chain.two.model);
    const other = await openPostgresStore(database.url);
    await fleet.coordinator([chainFlow(['one', 'two'])]);
    const second = await fleet.coordinator([chainFlow(['one', 'two'])], { store: other });
    const client = await fleet.client();
    const texts = Array.from({ length: 12 }, (_, index) => `job ${index}`);
    const failed = await Promise.all(texts.map((text) => client.run('chain', { text })));
    await eventually(async () => {
      const { letters } = await client.operation('dead.list', {});
      return letters.length === 12;
    }, slow);
    chain.broken = false;
    const [first] = failed.map(({ run }) => run.id);
    const plain = await plainOperations(await fleet.transport());
    const answers = await plain.ask('run.resume', { run: first }, 8);
    expect(new Set(answers.map(({ payload }) => payload['run'])).size).toBe(1);
    const about = await client.operation('run.get', { run: first ?? '' });
    expect(about.run.continuedBy).toHaveLength(1);
    await client.result(String(answers[0]?.payload['run']));

    await client.operation('dead.replay', { filter: {}, perMinute: 6_000 });
    await eventually(async () => {
      const { replays } = await client.operation('dead.list', {});
      return replays.length === 1 && replays.every(({ done }) => done);
    }, slow);
    for (const { run } of failed) {
      const { continuedBy } = (await client.operation('run.get', { run: run.id })).run;
      const replays = continuedBy.filter(({ kind }) => kind === 'replay');
      expect(replays).toHaveLength(1);
      expect((await client.result(replays[0]?.run ?? '')).run.status).toBe('succeeded');
    }
    expect(chain.one.calls).toHaveLength(12);
    expect(chain.two.calls).toHaveLength(12 + 1 + 12);
    await second.stop();
    await other.close();
  }, 60_000);
});
