import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { describe } from '../../errors/describe.ts';
import { TransientError } from '../../errors/errors.ts';
import type { ActiveCall } from '../active-call.ts';
import type { Runner } from '../runner.ts';
import type { Semaphore } from '../semaphore.ts';
import { ArtifactHost } from './artifact-host.ts';
import type { FromThread, ModelAddress, ThreadAnswer, ThreadTask, ToThread } from './protocol.ts';
import { errorOf } from './thread-call.ts';

/** How long an aborted call may take to heed its signal before its thread is ended. A loop that never awaits never hears it. */
const HEED_MS = 1_000;

/**
 * Runs calls in as many threads as there are slots. A slot is free again when the thread is: an aborted call is answered at
 * once, but its thread is given a second to stop and is replaced when it does not. Throws when the model cannot be loaded.
 */
export async function threadRunner(
  address: ModelAddress,
  slots: Semaphore,
  threads: number,
): Promise<Runner> {
  const pool = new Piscina<ThreadTask, ThreadAnswer>({
    filename: fileURLToPath(new URL('./thread.ts', import.meta.url)),
    workerData: address,
    minThreads: threads,
    maxThreads: threads,
    // With atomics the thread would sleep between calls, and timers or sockets of its model with it.
    atomics: 'disabled',
  });
  try {
    outputOf(await pool.run({ kind: 'load' }));
  } catch (error) {
    await pool.destroy();
    throw error;
  }

  async function runInThread(task: ThreadTask & { kind: 'call' }, kill: AbortSignal) {
    try {
      return await pool.run(task, { transferList: [task.port], signal: kill });
    } catch (error) {
      const { message } = describe(error);
      throw new TransientError('thread_crashed', `The model's thread ended: ${message}`, {
        cause: error,
      });
    }
  }

  return {
    async run(input, call) {
      if (!slots.tryAcquire()) await slots.acquire(call.signal);
      const { port1: ours, port2: port } = new MessageChannel();
      const { context, provenance, reask, idempotencyKey, run, path, attempt } = call;
      const facts = { context, provenance, reask, idempotencyKey, run, path, attempt };
      const stopListening = listen(ours, call);
      const { kill, disarm } = killWhenUnheeded(ours, call);
      const answer = runInThread({ kind: 'call', input, facts, port }, kill).finally(() => {
        disarm();
        stopListening();
        slots.release();
      });
      return Promise.race([answer.then(outputOf), call.over]);
    },
    async close() {
      await pool.destroy();
    },
  };
}

function outputOf(answer: ThreadAnswer): unknown {
  if ('failure' in answer) throw errorOf(answer.failure);
  return answer.output;
}

/** Passes on what the thread says of the call. The returned function hears what is still waiting, then closes the port. */
function listen(port: MessagePort, call: ActiveCall): () => void {
  let host: ArtifactHost | undefined;
  const hear = (message: FromThread) => {
    if (message.kind === 'ready') letGo(port, call);
    else if (message.kind === 'usage') call.usage(message.report);
    else if (message.kind === 'emit') call.emit(message.progress);
    else if (message.kind === 'patch') call.patch(message.key, message.value);
    else if (message.kind === 'artifact') {
      host ??= new ArtifactHost(call.artifacts);
      void answerAsk(port, host, message);
    } else call.log[message.level](message.fields, message.message);
  };
  port.on('message', hear);
  return () => {
    // The answer came over another port and may have overtaken them.
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
      hear(next.message);
    }
    host?.close();
    port.close();
  };
}

/** A port that was closed meanwhile drops the answer. */
async function answerAsk(
  port: MessagePort,
  host: ArtifactHost,
  { number, ask }: FromThread & { readonly kind: 'artifact' },
): Promise<void> {
  const answer = await host.answer(ask).then(
    (output): ThreadAnswer => ({ output }),
    (error): ThreadAnswer => ({ failure: describe(error) }),
  );
  tell(port, { kind: 'artifact', number, answer });
}

function letGo(port: MessagePort, call: ActiveCall): void {
  try {
    call.begin();
    tell(port, { kind: 'go' });
  } catch (error) {
    tell(port, { kind: 'abort', reason: describe(error) });
  }
}

/** Carries the abort to the thread, and ends the thread when that does not help. */
function killWhenUnheeded(port: MessagePort, call: ActiveCall) {
  const kill = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const abort = () => {
    tell(port, { kind: 'abort', reason: describe(call.signal.reason) });
    timer = setTimeout(() => kill.abort(), HEED_MS);
  };
  call.signal.addEventListener('abort', abort, { once: true });
  const disarm = () => {
    clearTimeout(timer);
    call.signal.removeEventListener('abort', abort);
  };
  return { kill: kill.signal, disarm };
}

function tell(port: MessagePort, message: ToThread): void {
  port.postMessage(message);
}
