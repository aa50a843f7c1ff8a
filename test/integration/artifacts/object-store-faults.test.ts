import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Artifacts } from '../../../shared/artifacts/artifact-store.ts';
import type { S3StoreOptions } from '../../../shared/artifacts/s3/s3-store.ts';
import { type Client, connectClient } from '../../../shared/client/client.ts';
import { newId } from '../../../shared/envelope/ids.ts';
import { silentLogger } from '../../../shared/telemetry/logger.ts';
import { defineModel } from '../../../shared/worker/model.ts';
import { startWorker } from '../../../shared/worker/worker.ts';
import { flowOf } from '../../support/flow-text.ts';
import { InProcessFleet } from '../../support/in-process-fleet.ts';
import { startTestBucket, type TestBucket } from '../../support/s3/test-bucket.ts';

const long = 'é'.repeat(60_000);
const flow = flowOf(
  `- step: s1\n  model: one\n  retry: { attempts: 10, initial: 10ms }\n  input: { text: payload.text }`,
  'output: { text: context.s1.text }\n',
);

let bucket: TestBucket;
let fleet: InProcessFleet;
let closers: (() => Promise<void>)[];
/** What the model was asked, each time. */
let asked: string[];

beforeAll(async () => {
  bucket = await startTestBucket();
});

afterAll(() => bucket.stop());

beforeEach(async () => {
  await bucket.empty();
  bucket.server.forget();
  fleet = new InProcessFleet();
  closers = [];
  asked = [];
});

afterEach(async () => {
  for (const close of closers.reverse()) await close();
  await fleet.close();
  expect(fleet.errors).toEqual([]);
});

function artifactsIn(options: Partial<S3StoreOptions> = {}): Artifacts {
  const store = bucket.openStore(options);
  closers.push(() => store.close());
  return { store, thresholdBytes: 64 * 1024, lifetimeMs: 3_600_000 };
}

async function fleetClient(): Promise<Client> {
  const artifacts = artifactsIn();
  await fleet.coordinator([flow], { artifacts });
  const client = await connectClient({ transport: fleet.transport('tester'), artifacts });
  closers.push(() => client.close());
  return client;
}

/** A worker whose store tries nothing again by itself, so that every fault reaches the fleet. */
async function worker(answer: string, options: Partial<S3StoreOptions> = {}): Promise<void> {
  const model = defineModel<{ text: string }, { text: string }, unknown>({
    name: 'one',
    version: 1,
    description: 'Answers always the same.',
    input: z.object({ text: z.string() }),
    output: z.object({ text: z.string() }),
    concurrency: 1,
    run({ text }) {
      asked.push(text);
      return { text: answer };
    },
  });
  const started = await startWorker({
    model,
    transport: fleet.transport('one'),
    artifacts: artifactsIn({ attempts: 1, ...options }),
    instance: newId(),
    logger: silentLogger,
  });
  closers.push(() => started.stop());
}

/** Codes of the replies that failed, in the order they came. */
const failures = () =>
  fleet.history.flatMap(({ type, code }) => (type === 'reply_accepted' && code ? [code] : []));

describe('F44, an object store that fails under a running fleet', () => {
  it.each([
    ['503', {}],
    ['truncated', {}],
    ['hang', { silenceMs: 500 }],
    ['stalled', { silenceMs: 500 }],
  ] as const)(
    'is asked again by a next attempt when a GET is %s: the model is asked once, with all of it',
    async (fault, options) => {
      const client = await fleetClient();
      const { run } = await client.submit('sample', { text: long });
      bucket.server.failNext('GET', fault);
      await worker('seen', options);
      const result = await client.result(run);
      expect(result.payload).toEqual({ text: 'seen' });
      expect(asked).toEqual([long]);
      expect(failures()[0]).toBe('artifact_unavailable');
    },
  );

  it.each(['503', 'lost'] as const)(
    'takes the answer of a next attempt when the PUT of the first is %s',
    async (fault) => {
      const client = await fleetClient();
      const { run } = await client.submit('sample', { text: 'short' });
      bucket.server.failNext('PUT', fault);
      await worker(long);
      const { payload } = await client.result(run);
      const bytes = await client.artifacts.bytes((payload as { text: never }).text, 1_000_000);
      expect(bytes.toString()).toBe(long);
      expect(failures()).toEqual(['artifact_unavailable']);
    },
  );

  it('ends the run as artifact_missing when the object is deleted between PUT and GET', async () => {
    const client = await fleetClient();
    const { run } = await client.submit('sample', { text: long });
    await bucket.empty();
    await worker('seen');
    const result = await client.result(run);
    expect(result.run.error).toMatchObject({ code: 'artifact_missing', step: 's1' });
    expect(failures()).toEqual(['artifact_missing']);
    expect(asked).toEqual([]);
  });

  it('ends the run as artifact_corrupt when other bytes lie there: the model sees none of them', async () => {
    const client = await fleetClient();
    const artifacts = artifactsIn();
    const { run } = await client.submit('sample', { text: long });
    const [entry] = (await artifacts.store.list('')).entries;
    await bucket.putObject(entry?.key ?? '', Buffer.from('ü'.repeat(60_000)));
    await worker('seen');
    const result = await client.result(run);
    expect(result.run.error).toMatchObject({ code: 'artifact_corrupt', step: 's1' });
    expect(asked).toEqual([]);
  });
});
