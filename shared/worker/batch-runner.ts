import { PermanentError } from '../errors/errors.ts';
import type { ActiveCall } from './active-call.ts';
import type { AnyModel } from './model.ts';
import type { Runner } from './runner.ts';
import type { Semaphore } from './semaphore.ts';

interface Waiting {
  readonly input: object;
  readonly call: ActiveCall;
  readonly answer: PromiseWithResolvers<unknown>;
}

/**
 * Runs calls together: a batch starts when it is full or when its first call has waited `withinMs`, and takes a slot as one.
 * A batch whose calls are all over is abandoned. Only for models with `batch` and `runBatch`.
 */
export async function batchRunner(model: AnyModel, slots: Semaphore): Promise<Runner> {
  const loaded = await model.load?.();
  const { size = 1, withinMs = 0 } = model.batch ?? {};
  const waiting: Waiting[] = [];
  let starting = 0;
  let timer: NodeJS.Timeout | undefined;

  async function start(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    starting += 1;
    // The slot first: while all are taken, the batch goes on filling.
    await slots.acquire();
    starting -= 1;
    const batch = waiting.splice(0, size).filter(begins);
    if (waiting.length > 0) arm();
    try {
      await runTogether(model, batch, loaded);
    } finally {
      slots.release();
    }
  }

  function arm(): void {
    if (waiting.length >= size * (starting + 1)) void start();
    else if (starting === 0) timer ??= setTimeout(() => void start(), withinMs);
  }

  return {
    run(input, call) {
      const answer = Promise.withResolvers<unknown>();
      waiting.push({ input, call, answer });
      arm();
      return Promise.race([answer.promise, call.over]);
    },
    async close() {
      clearTimeout(timer);
      await model.unload?.(loaded);
    },
  };
}

/** Begins the call's time; one that must not run any more is answered here and leaves the batch. */
function begins({ call, answer }: Waiting): boolean {
  try {
    call.begin();
    return true;
  } catch (error) {
    answer.reject(error);
    return false;
  }
}

/** One runBatch; never rejects. Resolves when it has answered, or when no call of it is waited for any more. */
async function runTogether(model: AnyModel, batch: Waiting[], loaded: unknown): Promise<void> {
  if (batch.length === 0) return;
  const answered = answerAll(model, batch, loaded);
  const allOver = Promise.allSettled(batch.map(({ call }) => call.over));
  await Promise.race([answered, allOver]);
}

async function answerAll(model: AnyModel, batch: Waiting[], loaded: unknown): Promise<void> {
  try {
    const inputs = batch.map(({ input }) => input);
    const calls = batch.map(({ call }) => call);
    const outputs = (await model.runBatch?.(inputs, calls, loaded)) ?? [];
    if (outputs.length !== batch.length) {
      throw new PermanentError(
        'output_invalid',
        `runBatch gave ${outputs.length} outputs for ${batch.length} inputs.`,
      );
    }
    outputs.forEach((output, index) => {
      if (output instanceof Error) batch[index]?.answer.reject(output);
      else batch[index]?.answer.resolve(output);
    });
  } catch (error) {
    for (const { answer } of batch) answer.reject(error);
  }
}
