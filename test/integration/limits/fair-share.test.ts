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
/** Calls that the model makes while a tenant asks for two of five of them. */
const CALLS = 30;
const ASKED = 0.4 * CALLS;
const RATIO = 100;
/** A machine that does other things too takes its time; nothing here is measured in seconds. */
const patient = { timeoutMs: 120_000 };

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
  const underWay: { text: string; end: () => void }[] = [];
  let measured = false;
  const busy = misbehaving(
    'busy',
    async (_, __, { text }) => {
      if (!measured) await new Promise<void>((end) => underWay.push({ text, end }));
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
    'deadline: 1h\noutput: { text: context.a.text }',
  );
  await fleet.coordinator([flow], { tenants });
  const { publish, close } = await publisher();
  const waiting = () => fleet.history.filter(({ type }) => type === 'attempt_held').length;
  await publish('flood', ASKED * RATIO, user);
  await eventually(() => waiting() === ASKED * RATIO, patient);
  let asked = 0;
  while (served.length < CALLS) {
    await eventually(() => underWay.length === CALLS_AT_A_TIME, patient);
    if (asked < 0.4 * (served.length + 1)) {
      asked += 1;
      await publish('modest', 1);
      await eventually(() => waiting() === ASKED * RATIO + asked, patient);
    }
    const { text, end } = underWay.shift() ?? { text: '', end: () => {} };
    served.push(text);
    end();
  }
  expect(asked).toBe(ASKED);
  const modest = served.filter((text) => text === 'modest').length;
  expect(modest).toBeGreaterThanOrEqual(0.9 * ASKED);
  measured = true;
  for (const { end } of underWay) end();
  await close();
}, 600_000);
