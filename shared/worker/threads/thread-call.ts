import type { MessagePort } from 'node:worker_threads';
import type { ErrorDescription } from '../../errors/describe.ts';
import { PermanentError, TransientError } from '../../errors/errors.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Call } from '../model.ts';
import type { CallFacts, FromThread, LogLevel, ToThread } from './protocol.ts';
import { threadArtifacts } from './thread-artifacts.ts';

/** The thread's side of a call: what the model reports goes over the port, and the abort comes back over it. */
export interface ThreadCall {
  readonly call: Call;
  /** Resolves when the call may run; rejects with the reason when it must not. */
  readonly go: Promise<void>;
}

export function threadCall(facts: CallFacts, port: MessagePort): ThreadCall {
  const tell = (message: FromThread) => port.postMessage(message);
  const abort = new AbortController();
  const go = Promise.withResolvers<void>();
  const asked: PromiseWithResolvers<unknown>[] = [];
  go.promise.catch(() => {});
  port.on('message', (message: ToThread) => {
    if (message.kind === 'go') return go.resolve();
    if (message.kind === 'artifact') {
      const { number, answer } = message;
      if ('failure' in answer) asked[number]?.reject(errorOf(answer.failure));
      else asked[number]?.resolve(answer.output);
      delete asked[number];
      return;
    }
    const reason = errorOf(message.reason);
    go.reject(reason);
    abort.abort(reason);
  });
  tell({ kind: 'ready' });
  return {
    go: go.promise,
    call: {
      ...facts,
      signal: abort.signal,
      artifacts: threadArtifacts((ask) => {
        const answer = Promise.withResolvers<unknown>();
        tell({ kind: 'artifact', number: asked.push(answer) - 1, ask });
        return answer.promise;
      }),
      log: portLogger(tell, {}),
      usage: (report) => tell({ kind: 'usage', report }),
      emit: (progress) => tell({ kind: 'emit', progress }),
      patch: (key, value) => tell({ kind: 'patch', key, value }),
    },
  };
}

/** A description as an error that describes the same. */
export function errorOf(failure: ErrorDescription): TransientError | PermanentError {
  const { code, message, retryable, retryAfterMs } = failure;
  if (!retryable) return new PermanentError(code, message);
  return new TransientError(code, message, retryAfterMs === undefined ? {} : { retryAfterMs });
}

function portLogger(tell: (message: FromThread) => void, bindings: object): Logger {
  const line = (level: LogLevel) => (fields: object, message?: string) => {
    // Only JSON crosses: a log line may hold an error or a function, and must not fail the call.
    const plain = JSON.parse(JSON.stringify({ ...bindings, ...fields }, plainErrors));
    tell({ kind: 'log', level, fields: plain, message });
  };
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (more) => portLogger(tell, { ...bindings, ...more }),
  };
}

function plainErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? { type: value.name, message: value.message } : value;
}
