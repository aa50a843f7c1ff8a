import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Result } from '../../../shared/envelope/envelope.ts';
import { header } from '../../../shared/envelope/headers.ts';
import { newId, runIdOf } from '../../../shared/envelope/ids.ts';
import { exchange } from '../../../shared/transport/topology.ts';
import type { Delivery, OutgoingMessage, Transport } from '../../../shared/transport/transport.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { eventually } from '../../support/eventually.ts';
import { InProcessFleet, marks } from '../../support/in-process-fleet.ts';
import type { ScriptedWorker } from '../../support/scripted-worker.ts';

let fleet: InProcessFleet;
let worker: ScriptedWorker;
let transport: Transport;
let dead: readonly Delivery[];
/** What was published for the client `tester`: routing key, correlation id, body. */
let results: { key: string; correlationId: string | undefined; result: Result }[];

beforeEach(async () => {
  fleet = new InProcessFleet();
  worker = await fleet.worker('one', marks('1'));
  await fleet.coordinator([chainFlow(['one'])]);
  transport = fleet.transport('tester');
  results = [];
  dead = await fleet.deadLetters();
  await transport.consumeExclusive(
    { name: 'results', bindings: [{ exchange: exchange.results, routingKey: '*.*.tester' }] },
    {
      prefetch: 100,
      onBatch(deliveries) {
        for (const { routingKey: key, correlationId, body } of deliveries) {
          const result = JSON.parse(Buffer.from(body).toString());
          results.push({ key, correlationId, result });
        }
      },
    },
  );
});

afterEach(async () => {
  await fleet.close();
  expect(fleet.errors).toEqual([]);
});

function job(fields: object, more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const envelope = {
    id: newId(),
    timestamp: new Date().toISOString(),
    payload: { text: 'go' },
    context: {},
    ...fields,
  };
  return {
    exchange: exchange.jobs,
    routingKey: 'chain',
    body: Buffer.from(JSON.stringify(envelope)),
    messageId: envelope.id,
    type: 'job',
    ...more,
  };
}

const arrived = (count: number) => eventually(() => results.length >= count);
const parked = (count: number) =>
  eventually(() => {
    const unread = dead.filter(({ routingKey }) => routingKey === 'unprocessable');
    return unread.length >= count && unread;
  });

describe('a job', () => {
  it('is answered by topic, under its own id and correlation id', async () => {
    await transport.publish([job({ id: 'mine' }, { correlationId: 'my-own' })]);
    await arrived(1);
    expect(results).toMatchObject([
      { key: 'chain.succeeded.tester', correlationId: 'my-own', result: { id: 'mine' } },
    ]);
  });

  it('without a correlation id is answered under its run id', async () => {
    await transport.publish([job({ id: 'mine' })]);
    await arrived(1);
    expect(results[0]?.correlationId).toBe(runIdOf('default', 'tester', 'mine'));
  });

  it('that comes twice at once is one run', async () => {
    const twice = job({ id: 'twice' });
    await transport.publish([twice, twice]);
    await transport.publish([job({ id: 'other' })]);
    await arrived(2);
    await transport.publish([twice]);
    await arrived(3);
    expect(worker.requests).toHaveLength(2);
    const ids = results.filter(({ result }) => result.id === 'twice');
    expect(ids).toHaveLength(2);
    expect(ids[0]?.result).toEqual(ids[1]?.result);
  });

  it('that comes again after its run ended is answered under its new correlation id', async () => {
    const again = job({ id: 'again' });
    await transport.publish([again]);
    await arrived(1);
    await transport.publish([{ ...again, correlationId: 'second' }]);
    await arrived(2);
    expect(results[1]).toMatchObject({ correlationId: 'second', result: results[0]?.result });
    expect(worker.requests).toHaveLength(1);
  });

  it('with the id of another job is refused, and the other one is not harmed', async () => {
    await transport.publish([job({ id: 'same' }), job({ id: 'same', payload: { text: 'else' } })]);
    await arrived(2);
    const codes = results.map(({ result }) => result.run.error?.code);
    expect(codes.sort()).toEqual(['id_conflict', undefined]);
  });

  it.each([
    ['flow_unknown', job({}, { routingKey: 'nowhere' })],
    ['flow_unknown', job({}, { headers: { [header.flowVersion]: 7 } })],
    ['input_invalid', job({ payload: { text: 7 } })],
    ['deadline_invalid', job({}, { headers: { [header.deadline]: 'soon' } })],
    ['budget_invalid', job({}, { headers: { [header.budget]: 'calls=none' } })],
    ['deadline_exceeded', job({}, { headers: { [header.deadline]: '2020-01-01T00:00:00Z' } })],
  ])('that can be read and not be run is answered: %s', async (code, refused) => {
    await transport.publish([refused]);
    await arrived(1);
    const { key, result } = results[0] ?? {};
    expect(result?.run.error?.code).toBe(code);
    expect(key).toBe(
      `${refused.routingKey}.${code === 'deadline_exceeded' ? 'timed_out' : 'failed'}.tester`,
    );
    expect(worker.requests).toHaveLength(0);
    expect(await store(result)).toBeUndefined();
  });
});

const store = (result: Result | undefined) => fleet.store.findRun(result?.run.id ?? '');

describe('bytes that are no job', () => {
  const bytes = (body: string | Uint8Array, more: Partial<OutgoingMessage> = {}) =>
    job({}, { body: Buffer.from(body), ...more });
  const text = (more: string) =>
    `{"id":"x","timestamp":"2026-01-01T00:00:00Z","payload":{${more}},"context":{}}`;

  it.each<[string, string, OutgoingMessage]>([
    ['B1', 'empty_body', bytes('')],
    ['B2', 'body_too_large', bytes(Buffer.alloc(8 * 1024 * 1024 + 1, 0x20))],
    ['B3', 'bad_utf8', bytes(Buffer.from([0x22, 0xff, 0xfe, 0x22]))],
    ['B4', 'bad_json', bytes(`\u{feff}${text('')}`)],
    ['B5', 'bad_json', bytes('{"id":"x"')],
    ['B6', 'not_an_object', bytes('[]')],
    ['B7', 'too_deep', bytes('['.repeat(100_000))],
    ['B8', 'too_many_members', bytes(text(`"a":[${'0,'.repeat(100_001)}0]`))],
    ['B9', 'duplicate_key', bytes(text('"a":1,"a":2'))],
    ['B10', 'number_out_of_range', bytes(text('"a":1e999'))],
    ['B11', 'number_not_exact', bytes(text('"a":9007199254740993'))],
    ['B13', 'nul_character', bytes(text('"a":"\\u0000"'))],
    ['B14', 'bad_unicode', bytes(text('"a":"\\ud800"'))],
    ['B18', 'forbidden_key', bytes(text('"__proto__":{}'))],
    ['B21', 'schema_invalid', job({ extra: 1 })],
    ['B22', 'bad_id', job({ id: '../etc/*' })],
    ['B23', 'bad_timestamp', job({ timestamp: '2026-02-30T00:00:00Z' })],
    ['B25', 'unsupported_version', job({}, { headers: { [header.schemaVersion]: 999 } })],
    ['B28', 'metadata_too_large', job({ payload: { metadata: { a: 'x'.repeat(40_000) } } })],
    ['route', 'flow_unknown', job({}, { routingKey: 'A.B' })],
    ['route', 'flow_unknown', job({}, { routingKey: 'operation' })],
  ])('%s are parked as %s, and no model is called', async (_, code, refused) => {
    await transport.publish([refused, job({ id: 'neighbour' })]);
    await arrived(1);
    const [message] = await parked(1);
    expect(message?.headers[header.reason]).toBe(code);
    expect(message?.headers[header.reasonMessage]).toEqual(expect.any(String));
    expect(Buffer.compare(message?.body ?? Buffer.of(), Buffer.from(refused.body))).toBe(0);
    expect(results.map(({ result }) => result.id)).toEqual(['neighbour']);
    expect(worker.requests).toHaveLength(1);
  });
});
