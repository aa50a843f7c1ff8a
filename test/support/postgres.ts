import { Client } from 'pg';
import { inject } from 'vitest';
import { startPrivateServer } from './postgres/find.ts';
import type { PrivatePostgres } from './postgres/running-postgres.ts';

export interface TestDatabase {
  /** URL of an empty database that no other test file uses. */
  readonly url: string;
  /** Runs SQL on it, on a connection of its own. */
  sql(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Removes the database, whoever is connected to it. */
  stop(): Promise<void>;
}

/** An empty database on the one PostgreSQL of the test run. Call it in `beforeAll` and `stop` it in `afterAll`. */
export async function testDatabase(): Promise<TestDatabase> {
  const desk = inject('postgresDesk');
  const answer = await fetch(desk.url, { method: 'POST' });
  if (!answer.ok) throw new Error(await answer.text());
  const { name, url }: { name: string; url: string } = JSON.parse(await answer.text());
  return {
    url,
    sql: (text, values) => runSql(url, text, values),
    stop: async () => {
      await fetch(`${desk.url}/${encodeURIComponent(name)}`, { method: 'DELETE' });
    },
  };
}

/** A PostgreSQL that only the caller uses, to be restarted or killed. `stop` it in `afterAll`. */
export async function startPrivatePostgres(): Promise<PrivatePostgres> {
  const desk = inject('postgresDesk');
  await fetch(desk.url, { method: 'PUT' });
  return startPrivateServer(desk.testRun);
}

/** Runs SQL on a connection of its own. */
async function runSql(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows;
  } finally {
    await client.end();
  }
}
