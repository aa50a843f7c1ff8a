import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serviceEntry } from '../../services/fleet/services.ts';
import { type Client, connectClient } from '../../shared/client/client.ts';
import { securingOf } from '../../shared/security/settings.ts';
import { silentLogger } from '../../shared/telemetry/logger.ts';
import { brokerOptions, brokerSettings } from '../../shared/transport/amqp/environment.ts';
import { connectAmqp } from '../../shared/transport/amqp/transport.ts';
import type { Transport } from '../../shared/transport/transport.ts';
import { run } from './broker/command.ts';
import type { PrivateBroker } from './broker/running-broker.ts';
import { startPrivateBroker } from './broker.ts';
import { type Child, startChild } from './child-process.ts';
import { runCli } from './cli-process.ts';

const root = join(import.meta.dirname, '../..');
/** Several processes start at once, on a machine that does other things too. */
const START_MS = 120_000;

/**
 * Services as processes, as an operator sets them up: the commands of the project make the users, passwords and keys, the broker
 * knows nobody but those users, and each service has the folder that was handed out to it and no other.
 */
export class UsersFleet {
  readonly broker: PrivateBroker;
  readonly #folder: string;
  readonly #children: Child[] = [];
  readonly #transports: Transport[] = [];
  readonly #clients: Client[] = [];

  static async open(clients: readonly string[]): Promise<UsersFleet> {
    const folder = mkdtempSync(join(tmpdir(), 'flotilla-users-'));
    const [broker] = await Promise.all([startPrivateBroker(), handOut(folder, clients)]);
    await broker.importDefinitions(
      JSON.parse(readFileSync(join(folder, 'definitions.json'), 'utf8')),
    );
    await broker.control('delete_user', 'guest');
    return new UsersFleet(broker, folder);
  }

  private constructor(broker: PrivateBroker, folder: string) {
    this.broker = broker;
    this.#folder = folder;
  }

  /** With the password in it. */
  urlOf(user: string): string {
    const { AMQP_PASSWORD_FILE = '' } = this.environmentOf(user);
    const password = readFileSync(AMQP_PASSWORD_FILE, 'utf8').trim();
    return `amqp://${user}:${password}@127.0.0.1:${this.broker.port}`;
  }

  /** The environment of a service or command: its user is its name, its password and keys are what it was handed. */
  environmentOf(user: string): Record<string, string> {
    const own = join(this.#folder, 'own', user);
    return {
      AMQP_URL: `amqp://127.0.0.1:${this.broker.port}`,
      AMQP_PASSWORD_FILE: join(own, 'amqp-password'),
      TOPOLOGY: 'verify',
      SECURITY: 'on',
      KEYS_DIR: own,
      ARTIFACTS: join(this.#folder, 'artifacts'),
    };
  }

  /** Resolves when all of them work. `env`: of all of them beside their own. */
  async start(services: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
    const started = services.map((service) => {
      const { entry, args, nodeFlags } = serviceEntry(service);
      const [file = entry, ...rest] = [...nodeFlags, entry, ...args];
      const child = startChild(file, rest, {
        ...env,
        ...this.environmentOf(service),
        FLOTILLA_DB: join(this.#folder, 'coordinator.db'),
        FLOWS_DIR: join(root, 'infra/flows'),
        LOG_LEVEL: 'info',
        NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compile'),
      });
      this.#children.push(child);
      return child.said(service === 'coordinator' ? 'coordinating' : 'serving', START_MS);
    });
    await Promise.all(started);
  }

  /** What all services wrote. */
  get output(): string {
    return this.#children.map((child) => child.output()).join('\n');
  }

  /** A client that signs, in this process. */
  async client(name: string): Promise<Client> {
    const env = this.environmentOf(name);
    const connected = await connectAmqp({
      ...brokerOptions(brokerSettings.parse(env), name),
      role: 'client',
    });
    this.#transports.push(connected);
    const transport = securingOf(env, { party: 'client', name }, silentLogger)(connected);
    const client = await connectClient({ transport });
    this.#clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.close();
    for (const transport of this.#transports) await transport.close();
    await Promise.all(this.#children.map((child) => child.kill()));
    await this.broker.stop();
    rmSync(this.#folder, { recursive: true });
  }
}

/** `keys`, `passwords`, `definitions.json` and `own` in the folder, by the commands that the documents name. */
async function handOut(folder: string, clients: readonly string[]): Promise<void> {
  const own = join(folder, 'own');
  const keys = ['keys', 'make', 'cli', ...clients, '--dir', join(folder, 'keys')];
  const made = await runCli([...keys, '--hand-out', own], { cwd: folder });
  if (made.code !== 0) throw new Error(made.stderr);
  const file = join(folder, 'definitions.json');
  const written = await run(process.execPath, [
    ...[join(root, 'infra/rabbitmq/write.ts'), file, '--passwords', join(folder, 'passwords')],
    ...['--clients', join(root, 'infra/clients.yaml'), '--hand-out', own],
    ...clients.flatMap((name) => ['--client', name]),
  ]);
  if (!written.succeeded) throw new Error(written.output);
}
