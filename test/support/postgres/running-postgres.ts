import { Client } from 'pg';
import { eventually } from '../eventually.ts';

/** A PostgreSQL server that tests may use, through databases of their own. */
export interface RunningPostgres {
  /** How it was found, for people. */
  readonly description: string;
  /** Makes an empty UTF-8 database and answers its URL. */
  addDatabase(name: string): Promise<string>;
  /** Removes a database, whoever is connected to it. */
  removeDatabase(name: string): Promise<void>;
  /** Ends what was started; a server that was there before is left as it was found. */
  stop(): Promise<void>;
}

/** A server that one test owns. */
export interface PrivatePostgres extends RunningPostgres {
  /** URL of its database `postgres`. */
  readonly url: string;
  readonly port: number;
  /** Stops it, without a checkpoint when `killed`, as a power cut would. */
  halt(how: 'cleanly' | 'killed'): Promise<void>;
  /** Starts it again on the same data and the same port. */
  start(): Promise<void>;
}

/** Databases of a server, by way of a user who may make them. */
export function databasesOf(
  adminUrl: string,
): Pick<RunningPostgres, 'addDatabase' | 'removeDatabase'> {
  return {
    async addDatabase(name) {
      await administer(
        adminUrl,
        `CREATE DATABASE "${name}" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'`,
      );
      const url = new URL(adminUrl);
      url.pathname = `/${name}`;
      return url.href;
    },
    removeDatabase: (name) =>
      administer(adminUrl, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`),
  };
}

/** Resolves when the server answers. */
export async function answers(url: string, timeoutMs: number): Promise<void> {
  await eventually(() => administer(url, 'SELECT 1'), { timeoutMs, intervalMs: 50 });
}

async function administer(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
