import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, connectClient } from '../../shared/client/client.ts';
import { addKeys } from '../../shared/security/new-keys.ts';
import { securingOf } from '../../shared/security/settings.ts';
import { coordinatorSpoke, identityOf, type Spoke } from '../../shared/security/spoke.ts';
import { silentLogger } from '../../shared/telemetry/logger.ts';
import { connectAmqp } from '../../shared/transport/amqp/transport.ts';
import type { Transport } from '../../shared/transport/transport.ts';
import { type Child, startChild } from './child-process.ts';

const root = join(import.meta.dirname, '../..');
const files = {
  coordinator: join(root, 'services/coordinator/main.ts'),
  worker: join(import.meta.dirname, 'timed-worker-process.ts'),
};

/** Several processes may start at once, on a machine that does other things too. */
const START_MS = 60_000;

/** A call as the worker that made it tells of it. */
export interface TimedCall {
  readonly run: string;
  /** `path#attempt`. */
  readonly attempt: string;
  readonly atMs: number;
}

/** One line of a run's history. */
export interface Entry {
  readonly at: string;
  readonly type: string;
  readonly path?: string;
  readonly attempt?: number;
  readonly code?: string;
}

/** Coordinators on PostgreSQL and timed workers, each in a process of its own, and a client in this one. All of them sign. */
export class ProcessFleet {
  readonly client: Client;
  readonly #transport: Transport;
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #children: Child[] = [];

  static async open(
    flow: { readonly flow: string },
    urls: { readonly amqp: string; readonly database: string },
  ): Promise<ProcessFleet> {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-processes-'));
    await mkdir(join(folder, 'flows'));
    await writeFile(join(folder, 'flows', `${flow.flow}.json`), JSON.stringify(flow));
    const keys = join(folder, 'keys');
    makeKeys(keys, [coordinatorSpoke, 'client.tester']);
    const signing = { SECURITY: 'on', KEYS_DIR: keys };
    const identity = identityOf('client.tester');
    const secured = securingOf(signing, identity, silentLogger);
    const transport = secured(await connectAmqp({ url: urls.amqp }));
    const client = await connectClient({ transport });
    const env = {
      ...signing,
      AMQP_URL: urls.amqp,
      DATABASE_URL: urls.database,
      FLOWS_DIR: join(folder, 'flows'),
      LOG_LEVEL: 'info',
      // Most of what a short process does is reading its own program.
      NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compile'),
    };
    return new ProcessFleet(client, transport, folder, env);
  }

  private constructor(
    client: Client,
    transport: Transport,
    folder: string,
    env: Readonly<Record<string, string>>,
  ) {
    this.client = client;
    this.#transport = transport;
    this.#folder = folder;
    this.#env = env;
  }

  /** Resolves when it takes jobs. */
  async coordinator(): Promise<Child> {
    const child = this.#start(files.coordinator, []);
    await child.said('coordinating', START_MS);
    return child;
  }

  /** Resolves when it serves the model. */
  async worker(model: string, env: Readonly<Record<string, string>> = {}): Promise<Child> {
    makeKeys(join(this.#folder, 'keys'), [`worker.${model}`]);
    const child = this.#start(files.worker, [model], env);
    await child.said('serving', START_MS);
    return child;
  }

  /** Calls that any worker has begun, in no order. */
  get called(): readonly TimedCall[] {
    return this.#told('called');
  }

  /** Calls that a worker has finished. */
  get ended(): readonly TimedCall[] {
    return this.#told('ended');
  }

  /** Attempts that were called more than once. */
  get calledAgain(): readonly string[] {
    const keys = this.called.map(({ run, attempt }) => `${run} ${attempt}`);
    return keys.filter((key, index) => keys.indexOf(key) !== index);
  }

  async history(run: string): Promise<readonly Entry[]> {
    const { history } = await this.client.operation('run.get', { run });
    return history as unknown as readonly Entry[];
  }

  async close(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.kill()));
    await this.client.close();
    await this.#transport.close();
    await rm(this.#folder, { recursive: true });
  }

  #start(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Child {
    const child = startChild(file, args, { ...this.#env, ...env });
    this.#children.push(child);
    return child;
  }

  #told(what: 'called' | 'ended'): readonly TimedCall[] {
    const lines = new RegExp(`^${what} (\\S+) (\\S+) (\\d+)$`, 'gm');
    return this.#children.flatMap((child) =>
      [...child.output().matchAll(lines)].map(([, run = '', attempt = '', atMs]) => ({
        run,
        attempt,
        atMs: Number(atMs),
      })),
    );
  }
}

/** Those that are there already stay. */
function makeKeys(folder: string, spokes: readonly Spoke[]): void {
  addKeys(folder, spokes, { alg: 'HS256', sealsFromMs: Date.now() });
}
