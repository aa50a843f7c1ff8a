import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { Client } from 'pg';
import { findBroker } from '../support/broker/find.ts';
import { findPostgres } from '../support/postgres/find.ts';

/** Something lent to a system, and how to give it back. */
export interface Lent {
  readonly url: string;
  remove(): Promise<void>;
}

/** Where the systems work: a broker, a database server and folders, each found when the first system needs it. */
export class Place {
  readonly #say: (line: string) => void;
  readonly #closers: (() => Promise<void>)[] = [];
  #broker: ReturnType<typeof findBroker> | undefined;
  #postgres: ReturnType<typeof findPostgres> | undefined;
  #sharedVhost: Promise<Lent> | undefined;
  #serial = 0;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** The virtual host in which the systems take turns; its queues are empty between them. */
  async sharedVhost(): Promise<string> {
    this.#sharedVhost ??= this.newVhost();
    return (await this.#sharedVhost).url;
  }

  async newVhost(): Promise<Lent> {
    this.#broker ??= findBroker('bench').then((broker) => {
      this.#say(`broker: ${broker.description}`);
      this.#closers.unshift(() => broker.stop());
      return broker;
    });
    const broker = await this.#broker;
    const name = `flotilla-bench-${process.pid}-${this.#serial++}`;
    return this.#lend(await broker.addVhost(name), () => broker.removeVhost(name));
  }

  async newDatabase(): Promise<Lent> {
    this.#postgres ??= findPostgres('bench').then((server) => {
      this.#say(`database: ${server.description}`);
      this.#closers.unshift(() => server.stop());
      return server;
    });
    const server = await this.#postgres;
    const name = `flotilla_bench_${process.pid}_${this.#serial++}`;
    return this.#lend(await server.addDatabase(name), () => server.removeDatabase(name));
  }

  /** `url` is the path of a file in a folder of its own. */
  async newFile(): Promise<Lent> {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-bench-'));
    return this.#lend(join(folder, 'bench.db'), () => rm(folder, { recursive: true, force: true }));
  }

  /** Versions of the servers that were used, for people. */
  async versions(): Promise<readonly string[]> {
    return [
      ...(this.#broker ? [`RabbitMQ ${await brokerVersion(await this.sharedVhost())}`] : []),
      ...(this.#postgres ? [`PostgreSQL ${await this.#postgresVersion()}`] : []),
    ];
  }

  /** Gives back what is left and ends the servers that were started. Idempotent. */
  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close().catch(() => {});
  }

  async #postgresVersion(): Promise<string> {
    const lent = await this.newDatabase();
    const client = new Client({ connectionString: lent.url });
    await client.connect();
    try {
      return (await client.query('SHOW server_version')).rows[0].server_version;
    } finally {
      await client.end();
      await lent.remove();
    }
  }

  #lend(url: string, remove: () => Promise<void>): Lent {
    this.#closers.push(remove);
    return {
      url,
      remove: async () => {
        const index = this.#closers.indexOf(remove);
        if (index < 0) return;
        this.#closers.splice(index, 1);
        await remove();
      },
    };
  }
}

async function brokerVersion(url: string): Promise<string> {
  const model = await connect(url);
  const { version } = model.connection.serverProperties;
  await model.close();
  return version;
}
