import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Manifest } from '../../shared/envelope/manifest.ts';
import { manifestOf } from '../../shared/worker/manifest-of.ts';
import type { AnyModel } from '../../shared/worker/model.ts';

const services = fileURLToPath(new URL('..', import.meta.url));

const modelFiles = fileURLToPath(new URL('../../infra/models', import.meta.url));

/** Names of the models with a service of their own: the folders of `services/` with a `model.ts`, in alphabetical order. */
export const shippedModels: readonly string[] = readdirSync(services)
  .filter((folder) => existsSync(join(services, folder, 'model.ts')))
  .sort();

/** A module is read only when its model is asked for: `run` stays quick. */
async function moduleOf(name: string): Promise<AnyModel> {
  const { model }: { model: AnyModel } = await import(`../${name}/model.ts`);
  return model;
}

/** Names of the models that are a file of `infra/models` alone: the service `llm` serves them from a server of the operator's. */
export function fileModels(): readonly string[] {
  return readdirSync(modelFiles)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'))
    .filter((name) => !shippedModels.includes(name))
    .sort();
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The model of this name, or undefined when there is none. Reads its module; the model's data is read by its own load(). Throws
 * ConfigError when the model is a file and the environment does not name its server.
 */
export async function findModel(name: string, env: Environment): Promise<AnyModel | undefined> {
  if (shippedModels.includes(name)) return moduleOf(name);
  if (!fileModels().includes(name)) return undefined;
  const { served } = await import('../../shared/llm/llm-model.ts');
  return served(name, env);
}

/** What the models with a service of their own announce: what flows are checked against. */
export async function shippedManifests(): Promise<Manifest[]> {
  const models = await Promise.all(shippedModels.map(moduleOf));
  return models.map((model) => manifestOf(model, 'shipped', model.concurrency));
}
