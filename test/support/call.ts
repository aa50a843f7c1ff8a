import type { Request } from '../../shared/envelope/envelope.ts';
import { silentLogger } from '../../shared/telemetry/logger.ts';
import { callArtifacts } from '../../shared/worker/call-artifacts.ts';
import type { Call } from '../../shared/worker/model.ts';

/** A call of a model outside a worker: never aborted unless given a signal; what the model reports is dropped. */
export function callOf(overrides: Partial<Call> = {}): Call {
  return {
    signal: new AbortController().signal,
    context: {},
    provenance: undefined,
    artifacts: callArtifacts({
      artifacts: undefined,
      request: { payload: {}, context: {} } as Request,
      signal: new AbortController().signal,
      now: Date.now,
    }),
    log: silentLogger,
    reask: [],
    idempotencyKey: 'test',
    run: 'test',
    path: 'step',
    attempt: 1,
    usage: () => {},
    emit: () => {},
    patch: () => {},
    ...overrides,
  };
}
