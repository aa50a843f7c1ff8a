import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePorts, isExecutable, run, which } from './command.ts';
import { ManagementApi } from './management.ts';
import {
  enabledPlugins,
  guestUrl,
  type PrivateBroker,
  type ServerCertificates,
  tlsConfig,
  tlsFiles,
} from './running-broker.ts';

/**
 * Runs the server until standard input ends, which it also does when the process that started it is killed: nothing is
 * left behind then. The word "keep" on standard input spares the data, for a restart.
 */
const watchdog = `
epmd -port "$ERL_EPMD_PORT" & epmd=$!
"$0" & server=$!
read word
kill -TERM $server; wait $server
kill $epmd; wait $epmd
[ "$word" = keep ] || rm -rf "\${FLOTILLA_BROKER_FOLDER:?}"
`;

/** The server program of this machine, or undefined. */
export async function rabbitmqServer(): Promise<string | undefined> {
  // The program in Debian's /usr/sbin changes to another user; this one does not.
  const debian = '/usr/lib/rabbitmq/bin/rabbitmq-server';
  return (await isExecutable(debian)) ? debian : which('rabbitmq-server');
}

export interface NativeOptions {
  /** Folder for its data. Default: one that goes with the broker. */
  readonly dataFolder?: string;
  /** More lines of rabbitmq.conf. */
  readonly config?: readonly string[];
  /** With a TLS listener. */
  readonly certificates?: ServerCertificates | undefined;
}

/** Starts the machine's own RabbitMQ on free ports with its data in a temporary folder. */
export async function startNative(
  server: string,
  { dataFolder, config = [], certificates }: NativeOptions = {},
): Promise<PrivateBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-broker-'));
  const [port = 0, managementPort = 0, distributionPort = 0, epmdPort = 0, tlsPort = 0] =
    await freePorts(5);
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'enabled_plugins'), enabledPlugins(certificates));
  await writeFile(
    join(folder, 'rabbitmq.conf'),
    [
      `listeners.tcp.1 = 127.0.0.1:${port}`,
      'management.tcp.ip = 127.0.0.1',
      `management.tcp.port = ${managementPort}`,
      'raft.wal_max_size_bytes = 64000000',
      'log.console = true',
      'log.file = false',
      ...(certificates === undefined ? [] : tlsConfig(`127.0.0.1:${tlsPort}`, folder)),
      ...config,
    ].join('\n'),
  );
  const env = {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    HOME: folder,
    FLOTILLA_BROKER_FOLDER: folder,
    ERL_EPMD_PORT: String(epmdPort),
    RABBITMQ_NODENAME: `flotilla-${port}@localhost`,
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_MNESIA_BASE: dataFolder ?? join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    // The machine's own settings must not reach this node: these files do not exist.
    RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
    RABBITMQ_CONFIG_FILES: join(folder, 'none'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'none.config'),
  };
  const broker = new NativeBroker(server, env, { folder, port, managementPort, tlsPort });
  if (certificates !== undefined) await broker.write(certificates);
  await broker.start();
  return broker;
}

class NativeBroker implements PrivateBroker {
  readonly description = 'a private rabbitmq-server of this machine';
  readonly url: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly #server: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #folder: string;
  readonly #management: ManagementApi;
  #child: ChildProcess | undefined;
  #output = '';

  constructor(
    server: string,
    env: NodeJS.ProcessEnv,
    place: {
      readonly folder: string;
      readonly port: number;
      readonly managementPort: number;
      readonly tlsPort: number;
    },
  ) {
    this.#server = server;
    this.#env = env;
    this.#folder = place.folder;
    this.port = place.port;
    this.tlsPort = place.tlsPort;
    this.url = guestUrl(place.port);
    const api = `http://127.0.0.1:${place.managementPort}`;
    this.#management = new ManagementApi(api, 'guest', 'guest');
  }

  async start(): Promise<void> {
    this.#output = '';
    const child = spawn('/bin/sh', ['-c', watchdog, this.#server], {
      env: this.#env,
      stdio: ['pipe', 'pipe', 'pipe'],
      // A process group of its own, so that all of it can be killed at once.
      detached: true,
    });
    this.#child = child;
    const failed = new Promise<never>((_, reject) => {
      const fail = () => reject(new Error(`RabbitMQ did not start:\n${this.#output.slice(-4000)}`));
      child.once('exit', fail);
      child.stdin.on('error', () => {});
    });
    const ready = new Promise<void>((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (text: Buffer) => {
          this.#output = (this.#output + text).slice(-20_000);
          if (this.#output.includes('Server startup complete')) resolve();
        });
      }
    });
    failed.catch(() => {});
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`RabbitMQ is slow:\n${this.#output}`)), 90_000).unref();
    });
    late.catch(() => {});
    await Promise.race([ready, failed, late]);
    await this.#management.listening(this.port);
  }

  async addVhost(name: string): Promise<string> {
    await this.#management.addVhost(name);
    return guestUrl(this.port, name);
  }

  async removeVhost(name: string): Promise<void> {
    await this.#management.removeVhost(name);
  }

  async write(certificates: ServerCertificates): Promise<void> {
    for (const [name, text] of tlsFiles(certificates)) {
      await writeFile(join(this.#folder, name), text, { mode: 0o600 });
    }
  }

  async renew(certificates: ServerCertificates): Promise<void> {
    await this.write(certificates);
    // By itself it looks at its files every two minutes.
    await this.control('eval', 'ssl:clear_pem_cache().');
  }

  importDefinitions(definitions: object): Promise<void> {
    return this.#management.importDefinitions(definitions);
  }

  async halt(how: 'cleanly' | 'killed'): Promise<void> {
    await this.#end(how === 'killed' ? 'kill' : 'keep');
  }

  async restart(how: 'cleanly' | 'killed'): Promise<void> {
    await this.halt(how);
    await this.start();
  }

  async control(...args: string[]): Promise<string> {
    const rabbitmqctl = join(dirname(this.#server), 'rabbitmqctl');
    const result = await run(rabbitmqctl, args, { env: this.#env });
    if (!result.succeeded) throw new Error(result.output);
    return result.output;
  }

  async stop(): Promise<void> {
    await this.#end('forget');
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #end(how: 'keep' | 'forget' | 'kill'): Promise<void> {
    const child = this.#child;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    const kill = () => {
      if (child.pid) process.kill(-child.pid, 'SIGKILL');
    };
    if (how === 'kill') kill();
    else child.stdin?.end(`${how}\n`);
    const timer = setTimeout(kill, 20_000);
    await gone;
    clearTimeout(timer);
  }
}
