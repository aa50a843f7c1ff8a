import { workerData } from 'piscina';
import { describe } from '../../errors/describe.ts';
import { TransientError } from '../../errors/errors.ts';
import type { AnyModel } from '../model.ts';
import { findModel } from './find-model.ts';
import type { ModelAddress, ThreadAnswer, ThreadTask } from './protocol.ts';
import { threadCall } from './thread-call.ts';

/** The entry point of a worker thread: loads the model as soon as the thread starts, then runs one call at a time. */

const ready = load(workerData as ModelAddress);
// A failed load is told to each task that meets it; it must not end the thread.
ready.catch(() => {});

async function load(address: ModelAddress): Promise<{ model: AnyModel; loaded: unknown }> {
  const model = await findModel(address);
  return { model, loaded: await model.load?.() };
}

/** Runs one task. Never rejects for the model's sake. */
export default async function handle(task: ThreadTask): Promise<ThreadAnswer> {
  try {
    const { model, loaded } = await ready.catch((error: unknown) => {
      const { message } = describe(error);
      throw new TransientError('model_load_failed', `The model could not be loaded: ${message}`);
    });
    if (task.kind === 'load') return { output: null };
    const { call, go } = threadCall(task.facts, task.port);
    try {
      await go;
      return { output: await model.run?.(task.input, call, loaded) };
    } finally {
      task.port.removeAllListeners('message');
    }
  } catch (error) {
    return { failure: describe(error) };
  }
}
