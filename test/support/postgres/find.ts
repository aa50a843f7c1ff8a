import { userInfo } from 'node:os';
import { Client } from 'pg';
import { dockerWorks } from '../broker/container.ts';
import { installPackage, mayInstall } from '../broker/install.ts';
import { startContainer } from './container.ts';
import { serverPrograms, startNative } from './native.ts';
import { databasesOf, type PrivatePostgres, type RunningPostgres } from './running-postgres.ts';

const advice =
  'No PostgreSQL for the tests: set TEST_DATABASE_URL to a user who may create databases, start Docker, or install postgresql (FLOTILLA_TEST_INSTALL=1 lets root on Debian or Ubuntu do it).';

/**
 * The PostgreSQL of a test run: TEST_DATABASE_URL or DATABASE_URL, else one that runs on this machine's usual port and trusts
 * us, else a private one: the machine's own programs, a container, or the distribution's package.
 */
export async function findPostgres(testRun: string): Promise<RunningPostgres> {
  const url = process.env['TEST_DATABASE_URL'] ?? process.env['DATABASE_URL'];
  if (url) return given(url, 'the PostgreSQL of TEST_DATABASE_URL or DATABASE_URL');
  return (await alreadyRunning()) ?? startPrivateServer(testRun);
}

/** A server of one test's own; processes of this machine where it can, because they start sooner. */
export async function startPrivateServer(testRun: string): Promise<PrivatePostgres> {
  return (await onThisMachine()) ?? (await inContainer(testRun)) ?? (await installed()) ?? giveUp();
}

function given(url: string, description: string): RunningPostgres {
  return { description, ...databasesOf(url), stop: async () => {} };
}

async function alreadyRunning(): Promise<RunningPostgres | undefined> {
  for (const user of new Set([userInfo().username, 'postgres'])) {
    const url = `postgres://${encodeURIComponent(user)}@127.0.0.1:5432/postgres`;
    if (await mayCreateDatabases(url)) return given(url, `the PostgreSQL of port 5432, as ${user}`);
  }
  return undefined;
}

async function mayCreateDatabases(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query(
      'SELECT rolsuper OR rolcreatedb AS may FROM pg_roles WHERE rolname = current_user',
    );
    return rows[0]?.may === true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

async function onThisMachine(): Promise<PrivatePostgres | undefined> {
  const programs = await serverPrograms();
  return programs === undefined ? undefined : startNative(programs);
}

async function inContainer(testRun: string): Promise<PrivatePostgres | undefined> {
  if (!(await dockerWorks())) return undefined;
  try {
    return await startContainer(testRun);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.warn(`Docker runs, but starts no PostgreSQL (${reason}); trying the next way.`);
    return undefined;
  }
}

async function installed(): Promise<PrivatePostgres | undefined> {
  if (!(await mayInstall())) return undefined;
  await installPackage('postgresql');
  return onThisMachine();
}

function giveUp(): never {
  throw new Error(advice);
}
