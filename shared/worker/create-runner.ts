import { ConfigError } from '../errors/errors.ts';
import { batchRunner } from './batch-runner.ts';
import type { AnyModel } from './model.ts';
import { inlineRunner, type Runner } from './runner.ts';
import { Semaphore } from './semaphore.ts';
import { threadRunner } from './threads/thread-runner.ts';

/**
 * Loads a model the way it wants to be run. Rejects with what load() threw, and with a ConfigError for a model that cannot be
 * run at all.
 */
export function createRunner(model: AnyModel, concurrency: number): Promise<Runner> {
  const problems = problemsOf(model, concurrency);
  if (problems.length > 0) return Promise.reject(new ConfigError(problems, 'model_invalid'));
  const slots = new Semaphore(concurrency);
  if (model.threads !== undefined) {
    const { name, version, threads: url } = model;
    return threadRunner({ url, name, version }, slots, concurrency);
  }
  return model.batch === undefined ? inlineRunner(model, slots) : batchRunner(model, slots);
}

/** Requests that may be in work at a time. */
export function prefetchOf(model: AnyModel, concurrency: number): number {
  return concurrency * (model.batch?.size ?? 1);
}

function problemsOf(model: AnyModel, concurrency: number): string[] {
  const { name, batch, threads } = model;
  const problems: string[] = [];
  const say = (problem: string) => problems.push(`Model ${name}: ${problem}.`);
  if (!Number.isInteger(concurrency) || concurrency < 1) say('concurrency must be at least 1');
  if (batch && !model.runBatch) say('batch needs a runBatch');
  if (batch && !(Number.isInteger(batch.size) && batch.size >= 1)) say('batch.size must be ≥ 1');
  if (!batch && !model.run) say('run is missing');
  if (batch && threads) say('batch and threads exclude each other');
  return problems;
}
