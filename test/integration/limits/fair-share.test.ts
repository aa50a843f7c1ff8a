import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Tenants } from '../../../services/coordinator/tenants.ts';
import { exchange } from '../../../shared/transport/topology.ts';
import { AmqpFleet } from '../../support/amqp-fleet.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { eventually } from '../../support/eventually.ts';
import { flowOf } from '../../support/flow-text.ts';
import { misbehaving } from '../../support/misbehaving-models.ts';

const CALLS_AT_A_TIME = 2;
const CALL_MS = 200;
/** What the model can do in a second, and what the modest tenant asks of it. */
const CAPACITY = (CALLS_AT_A_TIME * 1_000) / CALL_MS;
const MODEST_PER_SECOND = 0.4 * CAPACITY;
const SECONDS = 6;
const RATIO = 100;

let broker: TestBroker;
let fleet: AmqpFleet;

beforeAll(async () => {
  broker = await testBroker();
  fleet = new AmqpFleet(broker);
});

afterAll(async () => {
  await fleet.stop();
  await broker.stop();
});

/** Publishes jobs as somebody whom the broker attests (its user), or as nobody. */
async function publisher() {
  const connection = await connect(broker.url);
  const channel = await connection.createConfirmChannel();
  return {
    async publish(text: string, times: number, userId?: string) {
      for (let n = 0; n < times; n += 1) {
        const job = {
          id: randomUUID(),
          timestamp: new Date().toISOString(),
          payload: { text },
          context: {},
        };
        const body = Buffer.from(JSON.stringify(job));
        const properties = { type: 'job', messageId: job.id, ...(userId ? { userId } : {}) };
        channel.publish(exchange.jobs, 'sample', body, properties);
      }
      await channel.waitForConfirms();
    },
    close: () => connection.close(),
  };
}

it('a tenant that asks for 0.4 of the capacity keeps at least 0.9 of it under a flood of 100 : 1', async () => {
  const served: string[] = [];
  const busy = misbehaving(
    'busy',
    async (_, __, { text }) => {
      await new Promise((resolve) => setTimeout(resolve, CALL_MS));
      served.push(text);
      return { text };
    },
    { limits: { inFlight: CALLS_AT_A_TIME } },
  );
  for (let n = 0; n < 2; n += 1) await fleet.worker(busy.model);
  const user = decodeURIComponent(new URL(broker.url).username);
  const tenants = new Tenants({
    tenants: { flooding: { clients: [user] }, modest: { clients: ['anonymous'] } },
  });
  const flow = flowOf(
    '- { step: a, model: busy }',
    'deadline: 10m\noutput: { text: context.a.text }',
  );
  await fleet.coordinator([flow], { tenants });
  const { publish, close } = await publisher();
  const asked = MODEST_PER_SECOND * SECONDS;
  await publish('flood', asked * RATIO, user);
  const accepted = () => fleet.history.filter(({ type }) => type === 'attempt_held').length;
  await eventually(() => accepted() === asked * RATIO, { timeoutMs: 60_000 });
  const modest = () => served.filter((text) => text === 'modest').length;
  for (let n = 0; n < asked; n += 1) {
    await publish('modest', 1);
    await new Promise((resolve) => setTimeout(resolve, 1_000 / MODEST_PER_SECOND));
  }
  // What was asked last may still be under way.
  await eventually(() => modest() >= 0.9 * asked, { timeoutMs: 2 * CALL_MS + 500 });
  expect(served.length).toBeGreaterThan(modest());
  await close();
}, 120_000);
