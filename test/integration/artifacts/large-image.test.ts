import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openArtifacts } from '../../../shared/artifacts/open-store.ts';
import { type Client, connectClient } from '../../../shared/client/client.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { exchange } from '../../../shared/transport/topology.ts';
import type { Transport } from '../../../shared/transport/transport.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { type Child, startChild } from '../../support/child-process.ts';
import { sampleBytes, sampleImage } from '../../support/data.ts';
import { eventually } from '../../support/eventually.ts';
import { writeLargePng } from '../../support/large-png.ts';
import { peakMemory } from '../../support/peak-memory.ts';

const MORE_BYTES = 200_000_000;
const root = join(import.meta.dirname, '../../..');
const services = ['coordinator', 'ocr', 'transaction-classifier', 'image-describer'];
/** A machine that does other things too reads a large image in many times what it needs alone. */
const PATIENCE_MS = 240_000;

let broker: TestBroker;
let folder: string;
let image: string;
let children: Map<string, Child>;
let transport: Transport;
let client: Client;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  broker = await testBroker();
  folder = await mkdtemp(join(tmpdir(), 'flotilla-large-image-'));
  image = join(folder, 'receipt.png');
  const paper = { times: 6, width: 3_900, height: 4_450 };
  await writeLargePng(sampleBytes('receipt-groceries'), image, paper);
  const env = {
    AMQP_URL: broker.url,
    ARTIFACTS: join(folder, 'artifacts'),
    FLOTILLA_DB: join(folder, 'coordinator.db'),
    NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compile'),
  };
  children = new Map(
    services.map((name) => [name, startChild(join(root, 'services', name, 'main.ts'), [], env)]),
  );
  const artifacts = await openArtifacts({ ARTIFACTS: env.ARTIFACTS });
  transport = await connectAmqp({ url: broker.url });
  client = await connectClient({ transport, artifacts });
  closers.push(
    () => client.close(),
    () => transport.close(),
    () => artifacts.store.close(),
  );
  for (const [name, child] of children) {
    await child.said(name === 'coordinator' ? 'coordinating' : '"serving"', PATIENCE_MS);
  }
});

afterAll(async () => {
  for (const close of closers) await close();
  await Promise.all([...children.values()].map((child) => child.kill()));
  await rm(folder, { recursive: true });
  await broker.stop();
});

/** Bodies of all messages that are published from now on. */
async function tapped(): Promise<{ readonly exchange: string; readonly bytes: number }[]> {
  const seen: { exchange: string; bytes: number }[] = [];
  for (const name of Object.values(exchange)) {
    await transport.consumeExclusive(
      { name: `tap.${name}`, bindings: [{ exchange: name, routingKey: '#' }] },
      {
        prefetch: 1_000,
        onBatch: (deliveries) =>
          void seen.push(
            ...deliveries.map(({ body }) => ({ exchange: name, bytes: body.byteLength })),
          ),
      },
    );
  }
  return seen;
}

describe('an image of 50 MB over RabbitMQ', () => {
  it(
    'is read by the receipt flow with no message above 16 KiB and under 200 MB more memory in any process',
    async () => {
      expect((await stat(image)).size).toBeGreaterThan(50_000_000);
      // Everybody has done it once before their memory is looked at.
      const timeoutMs = PATIENCE_MS;
      const small = await client.run(
        'receipt',
        { image: sampleImage('receipt-groceries') },
        { timeoutMs },
      );
      expect(small.run.status).toBe('succeeded');
      const seen = await tapped();
      const peaks = new Map(
        [...children].map(([name, child]) => [name, peakMemory(child.pid as number)]),
      );
      peaks.set('client', peakMemory(process.pid));

      const files = { image: { source: createReadStream(image), mediaType: 'image/png' } };
      const { run, payload } = await client.run('receipt', {}, { files, timeoutMs });

      expect(run).toMatchObject({ status: 'succeeded' });
      expect(payload).toMatchObject({ tag: 'groceries', amount: 21.92 });
      for (const [name, peak] of peaks) expect(peak.grown(), name).toBeLessThan(MORE_BYTES);
      await eventually(() => seen.some((each) => each.exchange === exchange.results));
      const kinds = [exchange.jobs, exchange.work, exchange.replies, exchange.results];
      expect(seen.map((each) => each.exchange)).toEqual(expect.arrayContaining(kinds));
      expect(seen.filter(({ bytes }) => bytes > 16 * 1024)).toEqual([]);
    },
    2 * PATIENCE_MS,
  );

  it(
    'is described row by row with under 200 MB more memory',
    async () => {
      const describer = children.get('image-describer')?.pid as number;
      const timeoutMs = PATIENCE_MS;
      const small = { image: sampleImage('album-moon') };
      await client.run('call-image-describer', small, { timeoutMs });
      const peak = peakMemory(describer);
      const files = { image: { source: createReadStream(image), mediaType: 'image/png' } };
      const { payload } = await client.run('call-image-describer', {}, { files, timeoutMs });
      expect(payload).toMatchObject({ width: 3_900, height: 4_450, dominantColors: ['white'] });
      expect(peak.grown()).toBeLessThan(MORE_BYTES);
    },
    2 * PATIENCE_MS,
  );
});
