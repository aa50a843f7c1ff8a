import { afterEach, beforeEach, expect, it } from 'vitest';
import { connectClient } from '../../../shared/client/client.ts';
import { newId } from '../../../shared/envelope/ids.ts';
import { fixedKeys } from '../../../shared/security/key-store.ts';
import { securedTransport } from '../../../shared/security/secured-transport.ts';
import { WHOLE_LINES } from '../../../shared/telemetry/refusal-tally.ts';
import { exchange } from '../../../shared/transport/topology.ts';
import type { OutgoingMessage, Transport } from '../../../shared/transport/transport.ts';
import { startWorker } from '../../../shared/worker/worker.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { InProcessFleet } from '../../support/in-process-fleet.ts';
import { good } from '../../support/misbehaving-models.ts';
import { coordinator, TestKeys } from '../../support/signing.ts';
import { type Line, recording } from '../../unit/worker/recording-logger.ts';

const FLOOD = 3 * WHOLE_LINES;

let fleet: InProcessFleet;
let sender: Transport;
let lines: Line[];
beforeEach(() => {
  fleet = new InProcessFleet();
  sender = fleet.transport('sender');
  lines = [];
});
afterEach(() => fleet.close());

interface Door {
  readonly what: string;
  readonly exchange: string;
  readonly routingKey: string;
  /** Each message of the flood. Left out: no JSON. */
  readonly body?: () => string;
  open(): Promise<unknown>;
}

const coordinate = () => fleet.coordinator([chainFlow(['good'])], { logger: recording(lines) });
const work = async () => {
  const { model } = good();
  const transport = fleet.transport('good');
  await coordinate();
  return startWorker({ model, transport, instance: 'w', logger: recording(lines) });
};
const listen = async () => {
  await coordinate();
  return connectClient({ transport: fleet.transport('tester'), logger: recording(lines) });
};
const checkTokens = async () => {
  const keys = fixedKeys(new TestKeys(['coordinator.coordinator']).files(coordinator));
  const options = { identity: coordinator, keys, unsignedJobs: false, logger: recording(lines) };
  return fleet.coordinator([chainFlow(['good'])], {
    transport: securedTransport(fleet.transport('coordinator'), options),
  });
};

const job = () =>
  JSON.stringify({
    id: newId(),
    timestamp: new Date().toISOString(),
    payload: { text: 'x' },
    context: {},
  });

const jobs = { exchange: exchange.jobs, routingKey: 'chain' };
const doors: readonly Door[] = [
  { what: 'job refused', ...jobs, open: coordinate },
  { what: 'job refused', ...jobs, routingKey: 'unknown', body: job, open: coordinate },
  { what: 'dead letter', ...jobs, open: coordinate },
  { what: 'message refused', ...jobs, body: job, open: checkTokens },
  {
    what: 'reply refused',
    exchange: exchange.replies,
    routingKey: 'good.succeeded',
    open: coordinate,
  },
  {
    what: 'operation refused',
    exchange: exchange.operations,
    routingKey: 'run.get',
    open: coordinate,
  },
  {
    what: 'announcement ignored',
    exchange: exchange.control,
    routingKey: 'announced.good',
    open: coordinate,
  },
  { what: 'request parked', exchange: exchange.work, routingKey: 'good.v1', open: work },
  {
    what: 'control message ignored',
    exchange: exchange.control,
    routingKey: 'ask.good',
    open: work,
  },
  {
    what: 'message ignored',
    exchange: exchange.results,
    routingKey: 'chain.succeeded.tester',
    open: listen,
  },
];

it.each(doors)('a flood of messages does not flood the log: $what ($routingKey)', async (door) => {
  await door.open();
  const { what, exchange: to, routingKey, body = () => '{' } = door;
  const message = (text: string): OutgoingMessage => ({
    exchange: to,
    routingKey,
    body: Buffer.from(text),
    messageId: newId(),
    type: 'job',
    // A token that is refused for another reason than that there is none.
    ...(text === '' ? { headers: { 'flotilla-token': 'x' } } : {}),
  });
  await sender.publish([...Array.from({ length: FLOOD }, () => message(body())), message('')]);
  const own = () => lines.filter(({ message: line }) => line?.startsWith(what));
  // Of another cause, behind all of them.
  await eventually(() => new Set(own().map(({ fields }) => fields['code'])).size === 2);
  expect(own()).toHaveLength(WHOLE_LINES + 1);
  expect(own()[0]?.fields['queue']).toEqual(expect.any(String));
});
