import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Manifest } from '../../shared/envelope/manifest.ts';
import { manifestOf } from '../../shared/worker/manifest-of.ts';
import type { Model } from '../../shared/worker/model.ts';

/** The models that are shipped, by name. A module is read only when its model is asked for: `run` stays quick. */
const modules: Readonly<Record<string, () => Promise<{ readonly model: Model }>>> = {
  critic: () => import('../critic/model.ts'),
  editor: () => import('../editor/model.ts'),
  'general-chatbot': () => import('../general-chatbot/model.ts'),
  'image-describer': () => import('../image-describer/model.ts'),
  'intent-recognizer': () => import('../intent-recognizer/model.ts'),
  language: () => import('../language/model.ts'),
  ocr: () => import('../ocr/model.ts'),
  'product-qa': () => import('../product-qa/model.ts'),
  sentiment: () => import('../sentiment/model.ts'),
  'spam-bayes': () => import('../spam-bayes/model.ts'),
  'spam-rules': () => import('../spam-rules/model.ts'),
  'spam-style': () => import('../spam-style/model.ts'),
  summarizer: () => import('../summarizer/model.ts'),
  topic: () => import('../topic/model.ts'),
  'transaction-classifier': () => import('../transaction-classifier/model.ts'),
  'triage-classifier': () => import('../triage-classifier/model.ts'),
  'triage-keywords': () => import('../triage-keywords/model.ts'),
};

const modelFiles = fileURLToPath(new URL('../../infra/models', import.meta.url));

/** Names of the models with a service of their own, in alphabetical order. */
export const shippedModels: readonly string[] = Object.keys(modules);

/** Names of the models that are a file of `infra/models` alone: the service `llm` serves them from a server of the operator's. */
export function fileModels(): readonly string[] {
  return readdirSync(modelFiles)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'))
    .filter((name) => !Object.hasOwn(modules, name))
    .sort();
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The model of this name, or undefined when there is none. Reads its module; the model's data is read by its own load(). Throws
 * ConfigError when the model is a file and the environment does not name its server.
 */
export async function findModel(name: string, env: Environment): Promise<Model | undefined> {
  const module = Object.hasOwn(modules, name) ? modules[name] : undefined;
  if (module !== undefined) return (await module()).model;
  if (!fileModels().includes(name)) return undefined;
  const { served } = await import('../../shared/llm/llm-model.ts');
  return served(name, env);
}

/** What the models with a service of their own announce: what flows are checked against. */
export async function shippedManifests(): Promise<Manifest[]> {
  const loaded = await Promise.all(Object.values(modules).map((module) => module()));
  return loaded.map(({ model }) => manifestOf(model, 'shipped', model.concurrency));
}
