import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Client } from '../../../shared/client/client.ts';
import { header } from '../../../shared/envelope/headers.ts';
import { newId } from '../../../shared/envelope/ids.ts';
import { seal } from '../../../shared/security/seal.ts';
import { identityOf } from '../../../shared/security/spoke.ts';
import { exchange } from '../../../shared/transport/topology.ts';
import type { OutgoingMessage, Transport } from '../../../shared/transport/transport.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { markingModel } from '../../support/marking-model.ts';
import { SignedFleet } from '../../support/signed-fleet.ts';
import { type Sample, samples, TestKeys } from '../../support/signing.ts';

// A machine that does other things too takes its time over so many messages.
vi.setConfig({ testTimeout: 60_000 });

const DAY_MS = 86_400_000;

let broker: TestBroker;
let fleet: SignedFleet;
let client: Client;
/** It signs nothing: whoever has got hold of the broker. */
let intruder: Transport;
const called: string[] = [];

beforeAll(async () => {
  broker = await testBroker();
  fleet = new SignedFleet(broker, [
    'worker.sentiment',
    'worker.topic',
    'client.shop',
    'client.blog',
  ]);
  await fleet.coordinator({ flows: [chainFlow(['sentiment'], 'review', { deadline: '60s' })] });
  // The model, the client and the flow of the samples.
  await fleet.worker(markingModel('sentiment', '!', called));
  client = await fleet.client('shop');
  intruder = await fleet.plain();
});

afterAll(async () => {
  await fleet?.close();
  await broker?.stop();
});

interface Variation {
  readonly what: string;
  readonly code: RegExp;
  /** Undefined: of this message there is no such variation. */
  make(sample: Sample): OutgoingMessage | undefined;
}

const foreignKeys = new TestKeys(['coordinator.coordinator', 'worker.sentiment', 'client.shop']);
const isDead = ({ message }: Sample) => message.exchange === exchange.dead;
const asSealed = ({ message, writer }: Sample, nowMs?: number) => fleet.by(writer, message, nowMs);
const withToken = (sample: Sample, change: (token: string) => string): OutgoingMessage => {
  const message = asSealed(sample);
  const token = change(String(message.headers?.[header.token]));
  return { ...message, headers: { ...message.headers, [header.token]: token } };
};

const variations: readonly Variation[] = [
  { what: 'unsigned', code: /^token_missing$/, make: ({ message }) => message },
  {
    what: 'signed by a fleet with other keys',
    code: /^unknown_key$/,
    make: ({ message, writer }) => seal(message, writer, foreignKeys.ring(writer), Date.now()),
  },
  {
    what: 'signed by another service',
    // Who reads has the other one's key, or has never heard of it.
    code: /^(not_your_route|unknown_key)$/,
    make: ({ message }) =>
      // Anybody may park what he cannot read.
      message.routingKey === 'unprocessable'
        ? undefined
        : fleet.by(identityOf('worker.topic'), message),
  },
  {
    what: 'without an algorithm',
    code: /^alg_refused$/,
    make: (sample) =>
      withToken(sample, (token) => {
        const [head = '', payload] = token.split('.');
        const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString());
        const none = JSON.stringify({ alg: 'none', typ: 'JWT', kid });
        return `${Buffer.from(none).toString('base64url')}.${payload}.AAAA`;
      }),
  },
  {
    what: 'with a signature of nothing',
    code: /^signature_invalid$/,
    make: (sample) => withToken(sample, (token) => token.replace(/[^.]+$/, 'A'.repeat(43))),
  },
  {
    what: 'with a token that was cut',
    code: /^token_malformed$/,
    make: (sample) => withToken(sample, (token) => token.slice(0, token.lastIndexOf('.'))),
  },
  {
    what: 'with a token of 8 KiB',
    code: /^token_malformed$/,
    make: (sample) => withToken(sample, (token) => token + 'A'.repeat(8_192)),
  },
  {
    what: 'signed 40 days ago',
    code: /^deadline_exceeded$/,
    make: (sample) => (isDead(sample) ? undefined : asSealed(sample, Date.now() - 40 * DAY_MS)),
  },
  {
    what: 'signed tomorrow',
    code: /^token_not_yet$/,
    make: (sample) => (isDead(sample) ? undefined : asSealed(sample, Date.now() + DAY_MS)),
  },
  {
    what: 'with one byte changed',
    code: /^body_mismatch$/,
    make: (sample) => {
      const message = asSealed(sample);
      return { ...message, body: Buffer.from(String(message.body).replace('hello', 'jello')) };
    },
  },
  {
    what: 'of another type',
    code: /^binding_mismatch$/,
    make: (sample) => ({ ...asSealed(sample), type: 'another' }),
  },
  {
    what: 'of another run',
    code: /^binding_mismatch$/,
    make: (sample) => ({ ...asSealed(sample), correlationId: newId() }),
  },
];

/** Each message with an id of its own, so that what the log says of it can be told from the rest. */
const withOwnId = (sample: Sample): Sample => ({
  ...sample,
  message: { ...sample.message, messageId: newId() },
});

async function allAreRefused(hostile: ReadonlyMap<string, { what: string; code: RegExp }>) {
  const codeOf = (id: string) => fleet.refusals.find(({ messageId }) => messageId === id)?.code;
  await eventually(
    () => {
      const silent = [...hostile].filter(([id]) => codeOf(id) === undefined);
      expect(silent.map(([, { what }]) => what)).toEqual([]);
    },
    { timeoutMs: 40_000 },
  );
  const wrong = [...hostile].flatMap(([id, { what, code }]) =>
    code.test(codeOf(id) ?? '') ? [] : `${what}: ${codeOf(id)}`,
  );
  expect(wrong).toEqual([]);
}

async function fleetIsWell(callsBefore: number) {
  expect(called).toHaveLength(callsBefore);
  expect((await client.run('review', { text: 'well' })).payload).toEqual({ text: 'well!' });
  expect(called).toHaveLength(callsBefore + 1);
}

it.each(variations)(
  'no part of a fleet believes a message $what; no model is called',
  async (variation) => {
    const callsBefore = called.length;
    const hostile = new Map<string, { what: string; code: RegExp }>();
    for (const sample of samples.map(withOwnId)) {
      const message = variation.make(sample);
      if (message === undefined) continue;
      hostile.set(message.messageId, { what: sample.name, code: variation.code });
      await intruder.publish([message]);
    }
    expect(hostile.size).toBeGreaterThanOrEqual(samples.length - samples.filter(isDead).length);
    await allAreRefused(hostile);
    await fleetIsWell(callsBefore);
  },
);

it('no part of a fleet believes a message that was taken from another queue; no model is called', async () => {
  const callsBefore = called.length;
  const hostile = new Map<string, { what: string; code: RegExp }>();
  for (const from of samples) {
    for (const to of samples) {
      const { exchange: name, routingKey } = to.message;
      const isSame = name === from.message.exchange && routingKey === from.message.routingKey;
      // What a broker gives up goes there with its token.
      if (isSame || isDead(to)) continue;
      const message = asSealed(withOwnId(from));
      const what = `${from.name} as ${to.name}`;
      hostile.set(message.messageId, {
        what,
        code: /^(not_your_route|binding_mismatch|unknown_key)$/,
      });
      await intruder.publish([{ ...message, exchange: name, routingKey }]);
    }
  }
  await allAreRefused(hostile);
  await fleetIsWell(callsBefore);
});
