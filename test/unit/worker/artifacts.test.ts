import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ArtifactStore, Artifacts } from '../../../shared/artifacts/artifact-store.ts';
import { readArtifact } from '../../../shared/artifacts/claim-check.ts';
import { openFolderStore } from '../../../shared/artifacts/folder/folder-store.ts';
import { mintKey } from '../../../shared/artifacts/keys.ts';
import {
  ARTIFACT_MARK,
  type ArtifactMarker,
  artifactMarker,
  artifactMarkerSchema,
} from '../../../shared/artifacts/reference.ts';
import { referencesIn } from '../../../shared/artifacts/references.ts';
import type { JsonValue } from '../../../shared/envelope/json.ts';
import { type Bench, echo, MemoryBench, request } from './harness.ts';
import { copying } from './thread-models.ts';

const signal = new AbortController().signal;
const long = 'é'.repeat(100_000);
const run = '0f0e5f4e-3f0c-5a57-9d3e-5f6a7b8c9d10';

let folder: string;
let store: ArtifactStore;
let artifacts: Artifacts;
let bench: Bench;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-artifacts-'));
  store = await openFolderStore({ folder });
  artifacts = { store, thresholdBytes: 64 * 1024, lifetimeMs: 60_000 };
  bench = await MemoryBench.start();
});

afterEach(async () => {
  await bench.tearDown();
  await store.close();
  await rm(folder, { recursive: true });
});

/** A reference to these bytes, as it stands in a message. */
async function stored(bytes: string, mediaType = 'text/plain'): Promise<ArtifactMarker> {
  const key = mintKey({ tenant: 'default', run }, Date.now() + 60_000);
  const reference = await store.put(key, Buffer.from(bytes), { mediaType }, signal);
  return artifactMarker(reference);
}

/** What the artifact behind the only reference of a value holds. */
async function behind(value: JsonValue): Promise<{ key: string; content: string }> {
  const [found] = referencesIn(value);
  if (!found) throw new Error('There is no reference.');
  const bytes = await readArtifact(found.reference, store, signal);
  return { key: found.reference.key, content: bytes.toString() };
}

describe('a worker with an artifact store', () => {
  it('hands its model the values that the references of the input stand for', async () => {
    const input = z.object({ text: z.string(), list: z.array(z.number()), image: z.string() });
    await bench.worker(
      echo({
        input,
        run: ({ text, list, image }) => ({ text: `${text} ${JSON.stringify(list)} ${image}` }),
      }),
      { artifacts },
    );
    const payload = {
      text: await stored('Hello'),
      list: await stored('[1,2]', 'application/json'),
      image: await stored('abc', 'application/octet-stream'),
    };
    const reply = await bench.ask(request(payload, { run }));
    expect(reply.payload).toEqual({
      text: 'Hello [1,2] data:application/octet-stream;base64,YWJj',
    });
  });

  it('hands a model that takes references the reference, to be read in pieces', async () => {
    const model = echo({
      input: z.object({ text: z.union([z.string(), artifactMarkerSchema]) }),
      references: ['text'],
      run: async (input, call) => ({
        text: await text(await call.artifacts.open(input['text'] as ArtifactMarker)),
      }),
    });
    await bench.worker(model, { artifacts });
    const reply = await bench.ask(request({ text: await stored('Hello') }, { run }));
    expect(reply.payload).toEqual({ text: 'Hello' });
  });

  it('puts what is large of an output or a patch into the store, under its own prefix', async () => {
    const model = echo({
      run(_input, call) {
        call.patch('seen', long);
        return { text: long };
      },
    });
    await bench.worker(model, { artifacts });
    const { payload, context } = await bench.ask(request({ text: 'x' }, { run, tenant: 'acme' }));
    for (const value of [payload['text'], context['seen']]) {
      const { key, content } = await behind(value ?? null);
      expect(key).toMatch(new RegExp(`^acme/${run}/echo/`));
      expect(content).toBe(long);
    }
    expect(JSON.stringify(payload).length).toBeLessThan(1_000);
  });

  it('lets a model write an artifact in pieces, and read it again', async () => {
    async function* pieces() {
      yield Buffer.from('one ');
      yield Buffer.from('two');
    }
    const model = echo({
      output: z.object({ text: artifactMarkerSchema, size: z.number() }) as never,
      async run(_input, call) {
        const text = await call.artifacts.put(pieces(), { mediaType: 'text/plain' });
        const { length } = await call.artifacts.bytes(text, 100);
        return { text, size: length } as never;
      },
    });
    await bench.worker(model, { artifacts });
    const { payload } = await bench.ask(request({ text: 'x' }, { run }));
    expect(payload['size']).toBe(7);
    expect((await behind(payload)).content).toBe('one two');
  });

  it('does the same for a model in a thread', async () => {
    bench.version = copying.version;
    await bench.worker(copying, { artifacts });
    const { payload, outcome } = await bench.ask(
      request({ text: await stored(long) }, { run, version: copying.version }),
    );
    expect(outcome).toMatchObject({ status: 'succeeded' });
    expect((await behind(payload)).content).toBe(`${long}${Buffer.byteLength(long)}`);
  });

  it('opens nothing that the call was not given', async () => {
    const foreign = await stored('secret');
    const model = echo({
      async run(_input, call) {
        return { text: await text(await call.artifacts.open(foreign)) };
      },
    });
    await bench.worker(model, { artifacts });
    const { outcome } = await bench.ask(request({ text: 'x' }, { run }));
    expect(outcome).toMatchObject({ code: 'artifact_not_allowed', retryable: false });
  });

  it('does not follow a reference inside an artifact', async () => {
    const inside = await stored('secret');
    const list = await stored(JSON.stringify([inside]), 'application/json');
    const model = echo({
      input: z.object({ text: z.array(z.unknown()) }) as never,
      run: (input) => ({ text: JSON.stringify(input['text']) }),
    });
    await bench.worker(model, { artifacts });
    const { payload } = await bench.ask(request({ text: list }, { run }));
    expect(payload).toEqual({ text: JSON.stringify([inside]) });
  });

  it('fails a call at once whose values are too large for memory, and names the largest', async () => {
    const { [ARTIFACT_MARK]: reference } = await stored('x');
    await bench.worker(echo(), { artifacts });
    const { outcome } = await bench.ask(
      request({ text: { [ARTIFACT_MARK]: { ...reference, bytes: 9_000_000 } } }, { run }),
    );
    expect(outcome).toMatchObject({
      code: 'artifact_too_large',
      message: expect.stringContaining('/text alone has 9000000'),
      retryable: false,
    });
  });

  it.each([
    ['is gone', 'artifact_missing', async () => store.delete(await allKeys())],
    [
      'was replaced',
      'artifact_corrupt',
      async () => {
        for (const key of await allKeys()) {
          await store.put(key, Buffer.from('other'), { mediaType: 'text/plain' }, signal);
        }
      },
    ],
  ])('runs no model on a value that %s', async (_what, code, damage) => {
    let runs = 0;
    const model = echo({
      run() {
        runs += 1;
        return { text: 'ran' };
      },
    });
    await bench.worker(model, { artifacts });
    const payload = { text: await stored('Hello') };
    await damage();
    const { outcome } = await bench.ask(request(payload, { run }));
    expect(outcome).toMatchObject({ status: 'failed', code, retryable: false });
    expect(runs).toBe(0);
  });
});

describe('a worker without a store', () => {
  it('fails a call that came with a reference, and says what is missing', async () => {
    await bench.worker(echo());
    const { outcome } = await bench.ask(request({ text: await stored('Hello') }, { run }));
    expect(outcome).toMatchObject({ code: 'artifacts_not_configured', retryable: false });
  });

  it('sends no reply above 256 KiB: it fails at once and names the field', async () => {
    await bench.worker(echo({ run: () => ({ text: 'x'.repeat(300_000) }) }));
    const { outcome } = await bench.ask(request({ text: 'x' }, { run }));
    expect(outcome).toMatchObject({
      code: 'message_too_large',
      message: expect.stringContaining('/payload/text alone takes 300002'),
      retryable: false,
    });
  });
});

async function allKeys(): Promise<string[]> {
  return (await store.list('')).entries.map(({ key }) => key);
}
