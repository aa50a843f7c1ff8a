import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, connectClient } from '../../../shared/client/client.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { testBroker } from '../../support/broker.ts';
import { type Child, startChild } from '../../support/child-process.ts';
import { testDatabase } from '../../support/postgres.ts';

const root = join(import.meta.dirname, '../../..');
const files = {
  coordinator: join(root, 'services/coordinator/main.ts'),
  worker: join(import.meta.dirname, 'matrix-worker-process.ts'),
};

export type Service = keyof typeof files;
export type StoreKind = 'sqlite' | 'postgres';

const environment = {
  FLOWS_DIR: join(import.meta.dirname, 'flows'),
  LOG_LEVEL: 'info',
  // Most of what a short process does is reading its own program.
  NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compile'),
};

interface Parts {
  readonly client: Client;
  readonly env: Readonly<Record<string, string>>;
  /** Undo what was made for the fleet, in this order. */
  readonly undo: readonly (() => Promise<void>)[];
}

/** A virtual host, a store, and processes that are started and die one by one. */
export class MatrixFleet {
  readonly client: Client;
  readonly #parts: Parts;
  readonly #children: Child[] = [];

  static async open(store: StoreKind, env: Readonly<Record<string, string>>): Promise<MatrixFleet> {
    const broker = await testBroker();
    const database = store === 'postgres' ? await testDatabase() : undefined;
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-matrix-'));
    const transport = await connectAmqp({ url: broker.url });
    const client = await connectClient({ transport });
    const places = {
      AMQP_URL: broker.url,
      FLOTILLA_DB: join(folder, 'store.db'),
      ...(database && { DATABASE_URL: database.url }),
    };
    return new MatrixFleet({
      client,
      env: { ...environment, ...places, ...env },
      undo: [
        () => client.close(),
        () => transport.close(),
        () => broker.stop(),
        async () => database?.stop(),
        () => rm(folder, { recursive: true }),
      ],
    });
  }

  private constructor(parts: Parts) {
    this.client = parts.client;
    this.#parts = parts;
  }

  /** Starts a process; with `failpoint`, one that is to die there. */
  start(service: Service, failpoint = ''): Child {
    const child = startChild(files[service], [], { ...this.#parts.env, FAILPOINT: failpoint });
    this.#children.push(child);
    return child;
  }

  /** The attempts of a run that the model was called for. */
  calls(run: string): readonly string[] {
    return this.#children.flatMap((child) =>
      [...child.output().matchAll(/^called (\S+) (\S+)$/gm)]
        .filter(([, of]) => of === run)
        .map(([, , attempt]) => attempt as string),
    );
  }

  async close(): Promise<void> {
    // Not killed: a process that ends by itself keeps its compiled program for the next one.
    await Promise.all(this.#children.map((child) => child.stop()));
    for (const undo of this.#parts.undo) await undo();
  }
}
