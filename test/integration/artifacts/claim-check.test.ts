import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../../shared/artifacts/artifact-store.ts';
import type { ArtifactMarker } from '../../../shared/artifacts/reference.ts';
import { referencesIn } from '../../../shared/artifacts/references.ts';
import type { Result } from '../../../shared/envelope/envelope.ts';
import { newId } from '../../../shared/envelope/ids.ts';
import { openDelivery } from '../../../shared/envelope/open-delivery.ts';
import { exchange } from '../../../shared/transport/topology.ts';
import type { AnyModel } from '../../../shared/worker/model.ts';
import { ArtifactFleet, doubling, patientChain } from '../../support/artifact-fleet.ts';
import { eventually } from '../../support/eventually.ts';
import { noisePng } from '../../support/noise-png.ts';

const long = 'é'.repeat(60_000);

let fleet: ArtifactFleet;

beforeEach(async () => {
  fleet = await ArtifactFleet.open();
});

afterEach(async () => {
  await fleet.close();
  expect(fleet.errors).toEqual([]);
});

describe('a large value', () => {
  it('travels as a reference from the client to the model and back, in messages of a few KiB', async () => {
    await fleet.coordinator([patientChain(['one'])], { artifacts: fleet.artifacts });
    await fleet.serve();
    const seen = await fleet.sizes();
    const client = await fleet.clientWithStore();
    const { payload, run } = await client.run('sample', { text: long });
    expect(run.status).toBe('succeeded');
    const { text } = payload as { text: ArtifactMarker };
    const content = await buffer(await client.artifacts.open(text));
    expect(content.toString()).toBe(long + long);
    await expect(client.artifacts.bytes(text, 100)).rejects.toThrow('at most 100');
    expect(new Set(seen.map((each) => each.exchange))).toContain(exchange.results);
    expect(seen.filter(({ bytes }) => bytes > 4_096)).toEqual([]);
  });

  it('of a client without a store is moved at the door', async () => {
    await fleet.coordinator([patientChain(['one'])], { artifacts: fleet.artifacts });
    const one = await fleet.worker('one', () => ({ text: 'seen' }));
    const client = await fleet.client();
    const bytes = noisePng(300, 200);
    const image = `data:image/png;base64,${bytes.toString('base64')}`;
    await client.run('sample', { text: image });
    const [found] = referencesIn(one.requests[0]?.payload ?? null);
    expect(found?.reference).toMatchObject({ mediaType: 'image/png', bytes: bytes.length });
  });

  it('stays in the job where the store cannot be used: the job does not wait for it', async () => {
    const away: ArtifactStore = {
      ...fleet.artifacts.store,
      put: () => Promise.reject(new Error('away')),
    };
    await fleet.coordinator([patientChain(['one'])], {
      artifacts: { ...fleet.artifacts, store: away },
    });
    const one = await fleet.worker('one', () => ({ text: 'seen' }));
    const client = await fleet.client();
    const { run } = await client.run('sample', { text: long });
    expect(run.status).toBe('succeeded');
    expect(one.requests[0]?.payload).toEqual({ text: long });
  });

  it('is uploaded in pieces when it is a file', async () => {
    await fleet.coordinator([patientChain(['one'])], { artifacts: fleet.artifacts });
    await fleet.serve();
    async function* pieces() {
      yield Buffer.from('Hello, ');
      yield Buffer.from('file');
    }
    const client = await fleet.clientWithStore();
    const files = { text: { source: pieces(), mediaType: 'text/plain' } };
    const { payload } = await client.run('sample', {}, { files });
    expect(payload).toEqual({ text: 'Hello, fileHello, file' });
  });

  it('is the same job when it is uploaded again under the same id', async () => {
    await fleet.coordinator([patientChain(['one'])], { artifacts: fleet.artifacts });
    await fleet.serve();
    const client = await fleet.clientWithStore();
    const first = await client.run('sample', { text: long }, { id: 'job-1' });
    const again = await client.run('sample', { text: long }, { id: 'job-1' });
    expect(again).toEqual(first);
    const other = await client.run('sample', { text: `${long}!` }, { id: 'job-1' });
    expect(other.run.error?.code).toBe('id_conflict');
  });

  it('is still there for a run that goes on from the one it came with, twice', async () => {
    let broken = true;
    const failing = { ...doubling, name: 'two' };
    await fleet.coordinator([patientChain(['one', 'two'])], { artifacts: fleet.artifacts });
    await fleet.serve();
    await fleet.serve({
      ...failing,
      run({ text }: { text: string }) {
        if (broken) throw new TypeError('As the test wants it.');
        return { text };
      },
    } as AnyModel);
    const client = await fleet.clientWithStore();
    const { run } = await client.run('sample', { text: long });
    expect(run.status).toBe('failed');
    const second = await client.operation('run.resume', { run: run.id });
    expect((await client.result(second.run)).run.status).toBe('failed');
    broken = false;
    const third = await client.operation('run.resume', { run: second.run });
    const { payload } = await client.result(third.run);
    const { text } = payload as { text: ArtifactMarker };
    expect((await client.artifacts.bytes(text, 1_000_000)).toString()).toBe(long + long);
  });
});

describe('a message above 256 KiB', () => {
  it('is not published by a client, which is told the field', async () => {
    await fleet.coordinator([patientChain(['one'])], { artifacts: fleet.artifacts });
    const client = await fleet.client();
    await expect(client.submit('sample', { text: 'x'.repeat(300_000) })).rejects.toMatchObject({
      code: 'message_too_large',
      message: expect.stringContaining('/payload/text alone takes 300002'),
    });
  });

  it('is answered at the door with the field named, and kept nowhere', async () => {
    await fleet.coordinator([patientChain(['one'])], { artifacts: fleet.artifacts });
    const transport = fleet.transport('tester');
    const answers: Result[] = [];
    await transport.consumeExclusive(
      { name: 'answers', bindings: [{ exchange: exchange.results, routingKey: '*.*.tester' }] },
      {
        prefetch: 10,
        onBatch: (deliveries) =>
          void answers.push(...deliveries.map((delivery) => openDelivery('result', delivery))),
      },
    );
    const id = newId();
    const payload = { text: 'x'.repeat(300_000) };
    const envelope = { id, timestamp: new Date().toISOString(), payload, context: {} };
    const body = Buffer.from(JSON.stringify(envelope));
    await transport.publish([
      { exchange: exchange.jobs, routingKey: 'sample', body, messageId: id, type: 'job' },
    ]);
    const answer = await eventually(() => answers[0] ?? false);
    expect(answer.run).toMatchObject({
      status: 'failed',
      error: { code: 'message_too_large', message: expect.stringContaining('/payload/text') },
    });
    expect(await fleet.store.findRun(answer.run.id)).toBeUndefined();
  });

  it('fails the step of a worker that sends it, at once', async () => {
    await fleet.coordinator([patientChain(['one'])], { artifacts: fleet.artifacts });
    const one = await fleet.worker('one', () => ({ text: 'x'.repeat(300_000) }));
    const client = await fleet.client();
    const { run } = await client.run('sample', { text: 'go' });
    expect(run.error).toMatchObject({ code: 'message_too_large', step: 's1', attempt: 1 });
    expect(run.error?.message).toContain('/payload/text');
    expect(one.requests.length).toBe(1);
  });
});
