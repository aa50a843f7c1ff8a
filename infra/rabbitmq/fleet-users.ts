import type { ParseArgsOptionsConfig } from 'node:util';
import { readClients } from '../../services/coordinator/access/clients-file.ts';
import { fileModels, shippedManifests } from '../../services/fleet/models.ts';
import { nameSchema } from '../../shared/envelope/envelope.ts';
import { ConfigError } from '../../shared/errors/errors.ts';
import { modelFilePath, readModelFile } from '../../shared/llm/model-file.ts';
import { COORDINATOR } from '../../shared/transport/amqp/sender.ts';
import type { BrokerUser } from './users.ts';

/** A model by name and major version. */
interface ModelVersion {
  readonly name: string;
  readonly version: number;
}

const GATEWAY = 'gateway';
/** Users of the command line. */
const CLI = 'cli';

/** The models of this build: those with a service of their own, and the files of `infra/models`. */
export async function fleetModels(): Promise<ModelVersion[]> {
  const files = fileModels().map((name) => readModelFile(modelFilePath(name)));
  return [...(await shippedManifests()), ...files].map(({ name, version }) => ({ name, version }));
}

/** `<model>.v<major>`, for a model that is no part of this build. Throws ConfigError. */
function modelVersion(text: string): ModelVersion {
  const [, name, version] = /^([a-z][a-z0-9-]{0,63})\.v([1-9]\d*)$/.exec(text) ?? [];
  if (name !== undefined) return { name, version: Number(version) };
  throw new ConfigError([`"${text}" is no model with its major version: write sentiment.v1.`]);
}

/** The clients of a clients file. */
function clientsOfFile(path: string): string[] {
  return Object.keys(readClients(path).clients);
}

/** Options of a command that is about the fleet's users, as `parseArgs` takes them. */
export const userOptions = {
  clients: { type: 'string', default: 'infra/clients.yaml' },
  client: { type: 'string', multiple: true, default: [] },
  model: { type: 'string', multiple: true, default: [] },
} satisfies ParseArgsOptionsConfig;

/** The users that those options mean: of this build's models and the clients file, and those that are named. Throws ConfigError. */
export async function usersNamed(values: {
  readonly clients: string;
  readonly client: readonly string[];
  readonly model: readonly string[];
}): Promise<BrokerUser[]> {
  return usersOf(
    [...(await fleetModels()), ...values.model.map(modelVersion)],
    [...clientsOfFile(values.clients), ...values.client],
  );
}

/** A user for the coordinators, each model, the gateway, the command line and each client. Throws ConfigError. */
export function usersOf(models: readonly ModelVersion[], clients: readonly string[]): BrokerUser[] {
  const versions = Map.groupBy(models, ({ name }) => name);
  const users: BrokerUser[] = [
    { role: 'coordinator', name: COORDINATOR },
    ...[...versions].map(([name, all]) => ({
      ...{ role: 'worker' as const, name },
      versions: [...new Set(all.map(({ version }) => version))].toSorted((a, b) => a - b),
    })),
    { role: 'client', name: GATEWAY, forOthers: true },
    ...[...new Set([CLI, ...clients])].map((name) => ({ role: 'client' as const, name })),
  ];
  checkNames(users.map(({ name }) => name));
  return users;
}

/** Throws ConfigError `broker_users_invalid` for what is no name, or names two. */
export function checkNames(names: readonly string[]): void {
  const problems = names.flatMap((name, index) => {
    if (!nameSchema.safeParse(name).success) {
      return [`"${name}" is no name: use a-z, 0-9 and "-", up to 64, beginning with a letter.`];
    }
    // Whoever is named like a service would be believed to be it.
    return names.indexOf(name) === index ? [] : [`"${name}" names two users: rename one of them.`];
  });
  if (problems.length > 0) throw new ConfigError(problems, 'broker_users_invalid');
}
