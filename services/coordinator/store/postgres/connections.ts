import { randomUUID } from 'node:crypto';
import { Pool, type PoolClient, type QueryResult, type QueryResultRow } from 'pg';
import { StoreUnavailableError } from '../store.ts';
import { databaseAddress } from './database-tls.ts';
import { classifyFault, leavesConnectionUsable } from './faults.ts';
import type { PostgresSettings } from './settings.ts';
import type { Statement } from './statements.ts';

/**
 * Every plan is a look-up by index, whatever the statistics say: those of a table that was empty a minute ago would have
 * it read as a whole.
 */
const plannerSettings = [
  'enable_seqscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'enable_sort=off',
  'plan_cache_mode=force_generic_plan',
  'jit=off',
];

/** A connection in the hands of one caller. */
export interface Connection {
  /** Names this connection in the table of commits. */
  readonly id: string;
  /** How many transactions this connection has marked so far. */
  marks: number;
  /** Runs a statement; several may be on their way at once. Throws what `classifyFault` says. */
  run<R extends QueryResultRow>(
    statement: Statement | string,
    values?: readonly unknown[],
  ): Promise<QueryResult<R>>;
}

/** The pool of connections to one database, each with time-outs on everything it does. */
export class Connections {
  readonly #pool: Pool;
  readonly #connections = new WeakMap<PoolClient, Connection>();
  #closed: Promise<void> | undefined;

  constructor(url: string, settings: PostgresSettings) {
    const session = [...plannerSettings, `search_path=${settings.schema}`];
    this.#pool = new Pool({
      ...databaseAddress(url, settings.tls),
      max: settings.maxConnections,
      application_name: 'flotilla',
      connectionTimeoutMillis: settings.connectTimeoutMs,
      statement_timeout: settings.statementTimeoutMs,
      lock_timeout: settings.lockTimeoutMs,
      idle_in_transaction_session_timeout: settings.idleInTransactionTimeoutMs,
      query_timeout: settings.answerTimeoutMs,
      idleTimeoutMillis: settings.idleConnectionMs,
      options: session.map((setting) => `-c ${setting}`).join(' '),
      keepAlive: true,
      pipeline: true,
    });
    // A connection that breaks while nobody uses it, or between two statements: the next statement on it finds out.
    this.#pool.on('error', () => {});
    this.#pool.on('connect', (client) => client.on('error', () => {}));
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Lends a connection for the time of `work`. A connection that failed is not lent again. */
  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    if (this.closed) throw new StoreUnavailableError('The store is closed.');
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw classifyFault(error);
    });
    let broken = true;
    try {
      const result = await work(this.#connectionOf(client));
      broken = false;
      return result;
    } catch (error) {
      const cause = error instanceof StoreUnavailableError ? error.cause : error;
      broken = !leavesConnectionUsable(cause) || client.getTransactionStatus() !== 'I';
      throw error;
    } finally {
      client.release(broken);
    }
  }

  /** Runs one statement by itself. */
  run<R extends QueryResultRow>(
    statement: Statement,
    values: readonly unknown[] = [],
  ): Promise<QueryResult<R>> {
    return this.use((connection) => connection.run<R>(statement, values));
  }

  /** Waits for what is in hand. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#pool.end();
    return this.#closed;
  }

  #connectionOf(client: PoolClient): Connection {
    const known = this.#connections.get(client);
    if (known) return known;
    const connection: Connection = {
      id: randomUUID(),
      marks: 0,
      run: async <R extends QueryResultRow>(
        statement: Statement | string,
        values: readonly unknown[] = [],
      ) => {
        try {
          if (typeof statement === 'string') return await client.query<R>(statement);
          return await client.query<R>({ ...statement, values: [...values] });
        } catch (error) {
          throw classifyFault(error);
        }
      },
    };
    this.#connections.set(client, connection);
    return connection;
  }
}
