import { ConfigError } from '../../errors/errors.ts';
import type { AnyModel } from '../model.ts';
import type { ModelAddress } from './protocol.ts';

/** Imports a model's module and gives back the export with this name and version. Throws a ConfigError when there is none. */
export async function findModel({ url, name, version }: ModelAddress): Promise<AnyModel> {
  const exported = Object.values((await import(url)) as Record<string, unknown>);
  const model = exported.find((value) => isModel(value) && sameModel(value, name, version));
  if (isModel(model)) return model;
  throw new ConfigError([
    `${url} exports no model "${name}" version ${version}; its "threads" must be the URL of the module that exports it.`,
  ]);
}

function isModel(value: unknown): value is AnyModel {
  return typeof value === 'object' && value !== null && 'name' in value && 'version' in value;
}

function sameModel(model: AnyModel, name: string, version: number): boolean {
  return model.name === name && model.version === version;
}
