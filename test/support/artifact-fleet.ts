import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { ArtifactStore, Artifacts } from '../../shared/artifacts/artifact-store.ts';
import { openFolderStore } from '../../shared/artifacts/folder/folder-store.ts';
import { mintKey } from '../../shared/artifacts/keys.ts';
import { type ArtifactMarker, artifactMarker } from '../../shared/artifacts/reference.ts';
import { type Client, connectClient } from '../../shared/client/client.ts';
import { newId } from '../../shared/envelope/ids.ts';
import type { LoadedFlow } from '../../shared/flow/load.ts';
import { silentLogger } from '../../shared/telemetry/logger.ts';
import { exchange } from '../../shared/transport/topology.ts';
import type { Delivery } from '../../shared/transport/transport.ts';
import { type AnyModel, defineModel } from '../../shared/worker/model.ts';
import { startWorker, type Worker } from '../../shared/worker/worker.ts';
import { flowOf } from './flow-text.ts';
import { InProcessFleet } from './in-process-fleet.ts';

/** A fleet in the test's process with an artifact store in a folder. */
export class ArtifactFleet extends InProcessFleet {
  readonly artifacts: Artifacts;
  readonly #folder: string;
  readonly #workers: Worker[] = [];
  readonly #clients: Client[] = [];

  static async open(): Promise<ArtifactFleet> {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-artifacts-'));
    return new ArtifactFleet(folder, await openFolderStore({ folder }));
  }

  private constructor(folder: string, store: ArtifactStore) {
    super();
    this.#folder = folder;
    this.artifacts = { store, thresholdBytes: 64 * 1024, lifetimeMs: 60_000 };
  }

  /** A worker of the real runtime. */
  async serve(model: AnyModel = doubling): Promise<void> {
    const transport = this.transport(model.name);
    const { artifacts } = this;
    const instance = newId();
    const worker = await startWorker({
      model,
      transport,
      artifacts,
      instance,
      logger: silentLogger,
    });
    this.#workers.push(worker);
  }

  async clientWithStore(): Promise<Client> {
    const transport = this.transport('tester');
    const client = await connectClient({ transport, artifacts: this.artifacts });
    this.#clients.push(client);
    return client;
  }

  /** An artifact, and the reference to it. */
  async stored(scope: { tenant?: string; run: string }): Promise<ArtifactMarker> {
    const key = mintKey({ tenant: 'default', ...scope }, Date.now() + 60_000);
    const { signal } = new AbortController();
    const options = { mediaType: 'text/plain' };
    const reference = await this.artifacts.store.put(key, Buffer.from('secret'), options, signal);
    return artifactMarker(reference);
  }

  /** Sizes of all bodies that are published from now on, with their exchange. */
  async sizes(): Promise<readonly { readonly exchange: string; readonly bytes: number }[]> {
    const seen: { exchange: string; bytes: number }[] = [];
    for (const name of Object.values(exchange)) {
      const onBatch = (deliveries: readonly Delivery[]) =>
        void seen.push(
          ...deliveries.map(({ body }) => ({ exchange: name, bytes: body.byteLength })),
        );
      await this.transport('tap').consumeExclusive(
        { name: `tap-${name}`, bindings: [{ exchange: name, routingKey: '#' }] },
        { prefetch: 1_000, onBatch },
      );
    }
    return seen;
  }

  override async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await Promise.all(this.#workers.map((worker) => worker.stop()));
    await super.close();
    await this.artifacts.store.close();
    await rm(this.#folder, { recursive: true });
  }
}

/** A model that doubles a text. */
export const doubling = defineModel<{ text: string }, { text: string }, unknown>({
  name: 'one',
  version: 1,
  description: 'Doubles a text.',
  input: z.object({ text: z.string() }),
  output: z.object({ text: z.string() }),
  concurrency: 4,
  run: ({ text }) => ({ text: text + text }),
});

/** A flow that calls the models one after the other, each with the text of the one before, and with all the time it needs. */
export function patientChain(models: readonly string[]): LoadedFlow {
  const steps = models.map((model, index) => {
    const text = index === 0 ? 'payload.text' : `context.s${index}.text`;
    return `- step: s${index + 1}\n  model: ${model}\n  retry: { attempts: 1 }\n  input: { text: ${text} }`;
  });
  return flowOf(steps.join('\n'), `output: { text: context.s${models.length}.text }\n`);
}
