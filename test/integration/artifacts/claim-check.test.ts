import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ArtifactStore, Artifacts } from '../../../shared/artifacts/artifact-store.ts';
import { openFolderStore } from '../../../shared/artifacts/folder/folder-store.ts';
import { mintKey } from '../../../shared/artifacts/keys.ts';
import { type ArtifactMarker, artifactMarker } from '../../../shared/artifacts/reference.ts';
import { referencesIn } from '../../../shared/artifacts/references.ts';
import { type Client, connectClient } from '../../../shared/client/client.ts';
import type { Result } from '../../../shared/envelope/envelope.ts';
import { newId, runIdOf } from '../../../shared/envelope/ids.ts';
import type { JsonObject, JsonValue } from '../../../shared/envelope/json.ts';
import { openDelivery } from '../../../shared/envelope/open-delivery.ts';
import type { LoadedFlow } from '../../../shared/flow/load.ts';
import { silentLogger } from '../../../shared/telemetry/logger.ts';
import { exchange } from '../../../shared/transport/topology.ts';
import type { Delivery } from '../../../shared/transport/transport.ts';
import { type AnyModel, defineModel } from '../../../shared/worker/model.ts';
import { startWorker, type Worker } from '../../../shared/worker/worker.ts';
import { sampleBytes } from '../../support/data.ts';
import { eventually } from '../../support/eventually.ts';
import { flowOf } from '../../support/flow-text.ts';
import { InProcessFleet, marks } from '../../support/in-process-fleet.ts';

const signal = new AbortController().signal;
const long = 'é'.repeat(60_000);

let folder: string;
let store: ArtifactStore;
let artifacts: Artifacts;
let fleet: InProcessFleet;
let workers: Worker[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-artifacts-'));
  store = await openFolderStore({ folder });
  artifacts = { store, thresholdBytes: 64 * 1024, lifetimeMs: 60_000 };
  fleet = new InProcessFleet();
  workers = [];
});

afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await fleet.close();
  await store.close();
  await rm(folder, { recursive: true });
  expect(fleet.errors).toEqual([]);
});

/** A flow that calls the models one after the other, each with the text of the one before, and with all the time it needs. */
function chain(models: readonly string[]): LoadedFlow {
  const steps = models.map((model, index) => {
    const text = index === 0 ? 'payload.text' : `context.s${index}.text`;
    return `- step: s${index + 1}\n  model: ${model}\n  retry: { attempts: 1 }\n  input: { text: ${text} }`;
  });
  return flowOf(steps.join('\n'), `output: { text: context.s${models.length}.text }\n`);
}

/** A worker that doubles a text. */
const doubling = defineModel<{ text: string }, { text: string }, unknown>({
  name: 'one',
  version: 1,
  description: 'Doubles a text.',
  input: z.object({ text: z.string() }),
  output: z.object({ text: z.string() }),
  concurrency: 4,
  run: ({ text }) => ({ text: text + text }),
});

async function worker(model: AnyModel = doubling): Promise<void> {
  const transport = fleet.transport(model.name);
  workers.push(
    await startWorker({ model, transport, artifacts, instance: newId(), logger: silentLogger }),
  );
}

async function clientWithStore(userId = 'tester'): Promise<Client> {
  return connectClient({ transport: fleet.transport(userId), artifacts });
}

/** Sizes of all bodies that are published from now on, with their exchange. */
async function sizes(): Promise<{ readonly exchange: string; readonly bytes: number }[]> {
  const seen: { exchange: string; bytes: number }[] = [];
  for (const name of Object.values(exchange)) {
    const onBatch = (deliveries: readonly Delivery[]) =>
      void seen.push(...deliveries.map(({ body }) => ({ exchange: name, bytes: body.byteLength })));
    await fleet
      .transport('tap')
      .consumeExclusive(
        { name: `tap-${name}`, bindings: [{ exchange: name, routingKey: '#' }] },
        { prefetch: 1_000, onBatch },
      );
  }
  return seen;
}

async function stored(scope: { tenant?: string; run: string }): Promise<ArtifactMarker> {
  const key = mintKey({ tenant: 'default', ...scope }, Date.now() + 60_000);
  const options = { mediaType: 'text/plain' };
  return artifactMarker(await store.put(key, Buffer.from('secret'), options, signal));
}

describe('a large value', () => {
  it('travels as a reference from the client to the model and back, in messages of a few KiB', async () => {
    await fleet.coordinator([chain(['one'])], { artifacts });
    await worker();
    const seen = await sizes();
    const client = await clientWithStore();
    const { payload, run } = await client.run('sample', { text: long });
    expect(run.status).toBe('succeeded');
    const { text } = payload as { text: ArtifactMarker };
    const content = await buffer(await client.artifacts.open(text));
    expect(content.toString()).toBe(long + long);
    await expect(client.artifacts.bytes(text, 100)).rejects.toThrow('at most 100');
    expect(new Set(seen.map((each) => each.exchange))).toContain(exchange.results);
    expect(seen.filter(({ bytes }) => bytes > 4_096)).toEqual([]);
    await client.close();
  });

  it('of a client without a store is moved at the door', async () => {
    await fleet.coordinator([chain(['one'])], { artifacts });
    const one = await fleet.worker('one', () => ({ text: 'seen' }));
    const client = await fleet.client();
    const bytes = Buffer.concat([sampleBytes('receipt-fuel'), Buffer.alloc(40_000)]);
    const image = `data:image/png;base64,${bytes.toString('base64')}`;
    await client.run('sample', { text: image });
    const [found] = referencesIn(one.requests[0]?.payload ?? null);
    expect(found?.reference).toMatchObject({ mediaType: 'image/png', bytes: bytes.length });
  });

  it('stays in the job where the store cannot be used: the job does not wait for it', async () => {
    const away: ArtifactStore = { ...store, put: () => Promise.reject(new Error('away')) };
    await fleet.coordinator([chain(['one'])], { artifacts: { ...artifacts, store: away } });
    const one = await fleet.worker('one', () => ({ text: 'seen' }));
    const client = await fleet.client();
    const { run } = await client.run('sample', { text: long });
    expect(run.status).toBe('succeeded');
    expect(one.requests[0]?.payload).toEqual({ text: long });
  });

  it('is uploaded in pieces when it is a file', async () => {
    await fleet.coordinator([chain(['one'])], { artifacts });
    await worker();
    async function* pieces() {
      yield Buffer.from('Hello, ');
      yield Buffer.from('file');
    }
    const client = await clientWithStore();
    const files = { text: { source: pieces(), mediaType: 'text/plain' } };
    const { payload } = await client.run('sample', {}, { files });
    expect(payload).toEqual({ text: 'Hello, fileHello, file' });
    await client.close();
  });

  it('is the same job when it is uploaded again under the same id', async () => {
    await fleet.coordinator([chain(['one'])], { artifacts });
    await worker();
    const client = await clientWithStore();
    const first = await client.run('sample', { text: long }, { id: 'job-1' });
    const again = await client.run('sample', { text: long }, { id: 'job-1' });
    expect(again).toEqual(first);
    const other = await client.run('sample', { text: `${long}!` }, { id: 'job-1' });
    expect(other.run.error?.code).toBe('id_conflict');
    await client.close();
  });

  it('is still there for a run that goes on from the one it came with, twice', async () => {
    let broken = true;
    const failing = { ...doubling, name: 'two' };
    await fleet.coordinator([chain(['one', 'two'])], { artifacts });
    await worker();
    await worker({
      ...failing,
      run({ text }: { text: string }) {
        if (broken) throw new TypeError('As the test wants it.');
        return { text };
      },
    } as AnyModel);
    const client = await clientWithStore();
    const { run } = await client.run('sample', { text: long });
    expect(run.status).toBe('failed');
    const second = await client.operation('run.resume', { run: run.id });
    expect((await client.result(second.run)).run.status).toBe('failed');
    broken = false;
    const third = await client.operation('run.resume', { run: second.run });
    const { payload } = await client.result(third.run);
    const { text } = payload as { text: ArtifactMarker };
    expect((await client.artifacts.bytes(text, 1_000_000)).toString()).toBe(long + long);
    await client.close();
  });
});

describe('a message above 256 KiB', () => {
  it('is not published by a client, which is told the field', async () => {
    await fleet.coordinator([chain(['one'])], { artifacts });
    const client = await fleet.client();
    await expect(client.submit('sample', { text: 'x'.repeat(300_000) })).rejects.toMatchObject({
      code: 'message_too_large',
      message: expect.stringContaining('/payload/text alone takes 300002'),
    });
  });

  it('is answered at the door with the field named, and kept nowhere', async () => {
    await fleet.coordinator([chain(['one'])], { artifacts });
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
    await fleet.coordinator([chain(['one'])], { artifacts });
    const one = await fleet.worker('one', () => ({ text: 'x'.repeat(300_000) }));
    const client = await fleet.client();
    const { run } = await client.run('sample', { text: 'go' });
    expect(run.error).toMatchObject({ code: 'message_too_large', step: 's1', attempt: 1 });
    expect(run.error?.message).toContain('/payload/text');
    expect(one.requests.length).toBe(1);
  });
});

describe('a reference that is not its sender’s', () => {
  const foreign = newId();

  it.each([
    ['of another run', 'artifact_not_allowed', () => stored({ run: runIdOf('a', 'b', 'c') })],
    [
      'of another tenant',
      'artifact_not_allowed',
      () => stored({ tenant: 'acme', run: runIdOf('default', 'tester', foreign) }),
    ],
    [
      'that is an address',
      'reference_not_allowed',
      async () => ({ $artifact: { url: 'http://169.254.169.254/' } }),
    ],
  ])('in a job, %s, is refused and no model is called', async (_what, code, make) => {
    await fleet.coordinator([chain(['one'])], { artifacts });
    const one = await fleet.worker('one', marks('1'));
    const client = await fleet.client();
    const value = (await make()) as unknown as JsonValue;
    const { run } = await client.run('sample', { text: value }, { id: foreign });
    expect(run).toMatchObject({ status: 'failed', error: { code } });
    expect(one.requests).toEqual([]);
  });

  it.each(['output', 'patch'])('in the %s of a worker fails its step', async (where) => {
    await fleet.coordinator([chain(['one'])], { artifacts });
    const reference = await stored({ run: runIdOf('a', 'b', 'c') });
    await worker({
      ...doubling,
      output: z.object({ text: z.unknown() }),
      run(_input: object, call: { patch(key: string, value: JsonValue): void }) {
        if (where === 'output') return { text: reference };
        call.patch('seen', reference);
        return { text: '' };
      },
    } as AnyModel);
    const client = await clientWithStore();
    const { run } = await client.run('sample', { text: 'go' });
    expect(run.error).toMatchObject({ code: 'artifact_not_allowed', step: 's1' });
    await client.close();
  });

  it('in what an operator asks a step again is refused', async () => {
    await fleet.coordinator([chain(['one'])], { artifacts });
    await worker();
    const client = await clientWithStore();
    const { run } = await client.run('sample', { text: 'go' });
    const input: JsonObject = { text: await stored({ run: runIdOf('a', 'b', 'c') }) };
    const asked = client.operation('run.rerun', { run: run.id, from: 's1', input });
    await expect(asked).rejects.toMatchObject({ code: 'artifact_not_allowed' });
    await client.close();
  });
});
