import { type ChildProcess, spawn } from 'node:child_process';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, isExecutable, run, which } from '../broker/command.ts';
import { answers, databasesOf, type PrivatePostgres } from './running-postgres.ts';

/**
 * Runs the server until standard input ends, which it also does when the process that started it is killed: nothing is left
 * behind then. The words "keep" and "crash" on standard input spare the data, for a restart.
 */
const watchdog = `
"$0" "$@" & server=$!
read word
case "$word" in crash) kill -QUIT $server;; *) kill -INT $server;; esac
wait $server
case "$word" in crash|keep) ;; *) rm -rf "\${FLOTILLA_POSTGRES_FOLDER:?}";; esac
`;
const DEBIAN = '/usr/lib/postgresql';

/** The folder of this machine's newest postgres and initdb, or undefined. */
export async function serverPrograms(): Promise<string | undefined> {
  const versions = await readdir(DEBIAN).catch(() => []);
  const newest = versions.toSorted((one, other) => Number(other) - Number(one));
  for (const version of newest) {
    const folder = join(DEBIAN, version, 'bin');
    if (await isExecutable(join(folder, 'initdb'))) return folder;
  }
  const initdb = await which('initdb');
  return initdb?.replace(/\/initdb$/, '');
}

/** Starts the machine's own PostgreSQL on a free port with its data in a temporary folder. */
export async function startNative(programs: string): Promise<PrivatePostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-postgres-'));
  const [port = 0] = await freePorts(1);
  const account = await unprivilegedAccount();
  if (account) await chown(folder, account.uid, account.gid);
  const server = new NativePostgres(programs, { folder, port, account: account?.name });
  await server.initialize();
  await server.start();
  return server;
}

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The server refuses to run as root; undefined: we are somebody else already. */
async function unprivilegedAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const name = (await run('id', ['-u', 'postgres'])).succeeded ? 'postgres' : 'nobody';
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, name])).output)),
  );
  return { name, uid: uid ?? 0, gid: gid ?? 0 };
}

class NativePostgres implements PrivatePostgres {
  readonly description = 'a private PostgreSQL of this machine';
  readonly url: string;
  readonly port: number;
  readonly addDatabase: PrivatePostgres['addDatabase'];
  readonly removeDatabase: PrivatePostgres['removeDatabase'];
  readonly #programs: string;
  readonly #folder: string;
  readonly #account: string | undefined;
  #child: ChildProcess | undefined;
  #output = '';

  constructor(
    programs: string,
    place: {
      readonly folder: string;
      readonly port: number;
      readonly account: string | undefined;
    },
  ) {
    this.#programs = programs;
    this.#folder = place.folder;
    this.#account = place.account;
    this.port = place.port;
    this.url = `postgres://flotilla@127.0.0.1:${place.port}/postgres`;
    const { addDatabase, removeDatabase } = databasesOf(this.url);
    this.addDatabase = addDatabase;
    this.removeDatabase = removeDatabase;
  }

  async initialize(): Promise<void> {
    const [program, args] = this.#command(join(this.#programs, 'initdb'), [
      ...['--pgdata', this.#data, '--username', 'flotilla', '--auth', 'trust'],
      ...['--encoding', 'UTF8', '--locale', 'C', '--no-sync'],
    ]);
    const made = await run(program, args);
    if (!made.succeeded) throw new Error(`initdb failed:\n${made.output}`);
  }

  async start(): Promise<void> {
    this.#output = '';
    const server = [
      ...[join(this.#programs, 'postgres'), '-D', this.#data, '-p', String(this.port)],
      ...['-k', this.#folder, '-c', 'listen_addresses=127.0.0.1'],
    ];
    const [program, args] = this.#command('/bin/sh', ['-c', watchdog, ...server]);
    const child = spawn(program, args, {
      env: { PATH: process.env['PATH'], FLOTILLA_POSTGRES_FOLDER: this.#folder },
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: '/',
    });
    this.#child = child;
    child.stdin.on('error', () => {});
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        this.#output = (this.#output + text).slice(-20_000);
      });
    }
    await answers(this.url, 60_000).catch((error: unknown) => {
      throw new Error(`PostgreSQL did not start:\n${this.#output}`, { cause: error });
    });
  }

  async halt(how: 'cleanly' | 'killed'): Promise<void> {
    await this.#end(how === 'killed' ? 'crash' : 'keep');
  }

  async stop(): Promise<void> {
    await this.#end('forget');
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }

  #command(program: string, args: readonly string[]): [string, string[]] {
    if (this.#account === undefined) return [program, [...args]];
    return ['runuser', ['-u', this.#account, '--', program, ...args]];
  }

  async #end(word: 'keep' | 'crash' | 'forget'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.stdin?.end(`${word}\n`);
    await gone;
  }
}
