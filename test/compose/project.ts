import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');

export interface ComposeProject {
  /** AMQP URL of the fleet's broker, from this host, as the documents name it. */
  readonly url: string;
  /** The same for another user or password. */
  urlOf(user: string, password: string): string;
  /** The same for a user of the test alone, who may do and hear everything. */
  urlOfEverything(): Promise<string>;
  /** RabbitMQ's own pages and API. */
  readonly management: string;
  /** What a person sets for `docker compose`; it holds from the next call on. */
  readonly variables: Record<string, string>;
  /** Runs `docker compose …` in the project; gives its standard output. */
  compose(...args: string[]): Promise<string>;
  /** Runs the command line tool on this host. */
  flotilla(...args: string[]): Promise<string>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

export interface ComposeOptions {
  /** Further compose files, from the project's root. */
  readonly files?: readonly string[];
  /** What these ask for. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of the command line tool, beside what this process has. */
  readonly toolEnv?: Readonly<Record<string, string>>;
}

/** The compose file under a project name and host ports of its own, so that it disturbs no other. */
export async function composeProject(options: ComposeOptions = {}): Promise<ComposeProject> {
  const [amqpPort, managementPort] = [await freePort(), await freePort()];
  const name = `flotilla-test-${process.pid}`;
  const variables: Record<string, string> = {
    AMQP_PORT: String(amqpPort),
    MANAGEMENT_PORT: String(managementPort),
    COMPOSE_PROJECT_NAME: name,
    COMPOSE_FILE: ['docker-compose.yml', ...(options.files ?? [])].join(':'),
    ...options.env,
  };
  const toolEnv = { ...process.env, ...options.toolEnv };
  const maxBuffer = 64 * 1024 * 1024;
  const urlOf = (user: string, password: string) =>
    `amqp://${user}:${encodeURIComponent(password)}@127.0.0.1:${amqpPort}`;
  const compose = async (...args: string[]) => {
    const env = { ...process.env, ...variables };
    return (await run('docker', ['compose', ...args], { cwd: root, env, maxBuffer })).stdout;
  };
  return {
    url: urlOf('cli', 'flotilla'),
    urlOf,
    async urlOfEverything() {
      const [user, password] = ['everything', randomUUID()];
      const control = ['exec', '--no-TTY', 'rabbitmq', 'rabbitmqctl', '-q'];
      await compose(...control, 'add_user', user, password);
      await compose(...control, 'set_permissions', user, '.*', '.*', '.*');
      return urlOf(user, password);
    },
    management: `http://127.0.0.1:${managementPort}`,
    variables,
    compose,
    async flotilla(...args) {
      const file = resolve(root, 'services/cli/flotilla.js');
      return (await run(process.execPath, [file, ...args], { cwd: root, env: toolEnv, maxBuffer }))
        .stdout;
    },
  };
}
