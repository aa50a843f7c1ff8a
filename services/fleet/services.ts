import { fileURLToPath } from 'node:url';
import { type Environment, providerOf } from '../../shared/llm/llm-model.ts';
import { modelFilePath, readModelFile } from '../../shared/llm/model-file.ts';
import { fileModels, shippedModels } from './models.ts';
import { nodeFlags } from './node-flags.ts';

/** How a service is started as a process of its own. */
export interface ServiceEntry {
  /** Path of its main.ts. */
  readonly entry: string;
  readonly args: readonly string[];
  /** Flags of Node, before the entry. */
  readonly nodeFlags: readonly string[];
}

const ownServices: readonly string[] = ['coordinator', ...shippedModels];

/** What is started unless services are named: all but the models whose server this environment does not name. */
export function defaultServices(env: Environment): readonly string[] {
  const served = fileModels().filter(
    (name) => providerOf(readModelFile(modelFilePath(name)), env) !== undefined,
  );
  return [...ownServices, ...served];
}

/** Every name that can be started. */
export function serviceNames(): readonly string[] {
  return [...ownServices, ...fileModels()];
}

/** A model that is a file of `infra/models` is served by the service `llm`. */
export function serviceEntry(service: string): ServiceEntry {
  const own = ownServices.includes(service);
  const folder = own ? service : 'llm';
  return {
    entry: fileURLToPath(new URL(`../${folder}/main.ts`, import.meta.url)),
    args: own ? [] : [service],
    nodeFlags: nodeFlags(folder),
  };
}
