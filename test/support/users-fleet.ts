import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definitionsOf } from '../../infra/rabbitmq/definitions.ts';
import { fleetModels, usersOf } from '../../infra/rabbitmq/fleet-users.ts';
import { passwordHash } from '../../infra/rabbitmq/password-hash.ts';
import { serviceEntry } from '../../services/fleet/services.ts';
import type { PrivateBroker } from './broker/running-broker.ts';
import { startPrivateBroker } from './broker.ts';
import { type Child, startChild } from './child-process.ts';

const root = join(import.meta.dirname, '../..');
/** Several processes start at once, on a machine that does other things too. */
const START_MS = 120_000;

/** Services as processes, each as its own user of a broker that knows nobody but the generated users. */
export class UsersFleet {
  readonly broker: PrivateBroker;
  readonly #folder: string;
  readonly #children: Child[] = [];

  static async open(clients: readonly string[]): Promise<UsersFleet> {
    const folder = mkdtempSync(join(tmpdir(), 'flotilla-users-'));
    const users = usersOf(await fleetModels(), clients);
    for (const { name } of users) writeFileSync(join(folder, name), `password of ${name}\n`);
    const broker = await startPrivateBroker();
    const passwordHashOf = (user: string) =>
      passwordHash(`password of ${user}`, Buffer.alloc(4, 7));
    await broker.importDefinitions(definitionsOf({ vhost: '/', users, passwordHashOf }));
    await broker.control('delete_user', 'guest');
    return new UsersFleet(broker, folder);
  }

  private constructor(broker: PrivateBroker, folder: string) {
    this.broker = broker;
    this.#folder = folder;
  }

  /** With the password in it. */
  urlOf(user: string): string {
    const password = encodeURIComponent(readFileSync(join(this.#folder, user), 'utf8').trim());
    return `amqp://${user}:${password}@127.0.0.1:${this.broker.port}`;
  }

  /** The environment of a service or command: its user is its name, its password in a file. */
  environmentOf(user: string): Record<string, string> {
    return {
      AMQP_URL: `amqp://127.0.0.1:${this.broker.port}`,
      AMQP_PASSWORD_FILE: join(this.#folder, user),
      TOPOLOGY: 'verify',
    };
  }

  /** Resolves when all of them work. */
  async start(services: readonly string[]): Promise<void> {
    const started = services.map((service) => {
      const { entry, args } = serviceEntry(service);
      const child = startChild(entry, args, {
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

  async close(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.kill()));
    await this.broker.stop();
    rmSync(this.#folder, { recursive: true });
  }
}
