import type { Artifacts } from '../artifacts/artifact-store.ts';
import type { Request, Usage } from '../envelope/envelope.ts';
import { messageIdOf } from '../envelope/ids.ts';
import type { JsonObject, JsonValue } from '../envelope/json.ts';
import { ofEachKey, type Provenance } from '../envelope/provenance.ts';
import type { FleetError } from '../errors/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Delivery, MessageHeaders } from '../transport/transport.ts';
import { type CallArtifacts, callArtifacts } from './call-artifacts.ts';
import type { Call, UsageReport } from './model.ts';
import { deadlineExceeded, timedOut } from './outcome.ts';

/** Time as the worker sees it: milliseconds since the epoch. Replaced in tests of pure rules only. */
export interface Clock {
  now(): number;
}

/** What names a call: a redelivery of its request has the same key. */
export function callKey(request: Request): string {
  const { run, path, attempt } = request.step;
  return `${run}|${path}|${attempt}`;
}

export interface ActiveCallOptions {
  readonly request: Request;
  readonly delivery: Delivery;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly artifacts: Artifacts | undefined;
  /** Takes the numbered progress of this call; absent where nobody watches. */
  readonly onProgress?: (call: ActiveCall, payload: JsonObject) => void;
}

/** Node's timers hold no longer wait than this. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * One model call from the arrival of its request to its reply: its time, its signal, and what the model reports meanwhile.
 * After `end` nobody reads what an abandoned model still reports, and its progress is dropped.
 */
export class ActiveCall implements Call {
  readonly request: Request;
  /** The deliveries of its request: the first, and the redeliveries that joined. All are settled by the one reply. */
  readonly deliveries: Delivery[];
  /** Never resolves; rejects with the reason as soon as the call is aborted. */
  readonly over: Promise<never>;
  readonly reask: readonly string[];

  // Properties, not methods: a model may take them out of the call (`run(input, { emit })`).
  readonly usage = (report: UsageReport): void => {
    for (const part of ['inputTokens', 'outputTokens', 'microUsd'] as const) {
      this.#reported[part] = sum(this.#reported[part], report[part]);
    }
  };

  readonly emit = (progress: JsonObject): void => {
    if (this.#ended || this.#onProgress === undefined) return;
    this.#sequence += 1;
    this.#onProgress(this, { ...progress, sequence: this.#sequence });
  };

  readonly patch = (key: string, value: JsonValue): void => {
    this.#patch.set(key, value);
  };

  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onProgress: ((call: ActiveCall, payload: JsonObject) => void) | undefined;
  readonly #abort = new AbortController();
  readonly #patch = new Map<string, JsonValue>();
  readonly #rejectOver: (reason: FleetError) => void;
  readonly #reported = { inputTokens: 0, outputTokens: 0, microUsd: 0 };
  readonly #place: Artifacts | undefined;
  #artifacts: CallArtifacts | undefined;
  #log: Logger | undefined;
  #timer: NodeJS.Timeout | undefined;
  #begunAtMs: number | undefined;
  #sequence = 0;
  #ended = false;

  constructor(options: ActiveCallOptions) {
    this.reask = options.request.step.reask ?? [];
    this.request = options.request;
    this.deliveries = [options.delivery];
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#place = options.artifacts;
    this.#onProgress = options.onProgress;
    const { promise, reject } = Promise.withResolvers<never>();
    // Whoever waits sees the rejection; a call that nobody waits for is no fault of the process.
    promise.catch(() => {});
    this.over = promise;
    this.#rejectOver = reject;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get context(): JsonObject {
    return this.request.context;
  }

  get provenance(): Provenance | undefined {
    const { step, context } = this.request;
    return step.provenance && ofEachKey(step.provenance, Object.keys(context));
  }

  get artifacts(): CallArtifacts {
    this.#artifacts ??= callArtifacts({
      artifacts: this.#place,
      request: this.request,
      signal: this.signal,
      now: () => this.#clock.now(),
    });
    return this.#artifacts;
  }

  get run(): string {
    return this.request.step.run;
  }

  get path(): string {
    return this.request.step.path;
  }

  get attempt(): number {
    return this.request.step.attempt;
  }

  get idempotencyKey(): string {
    return messageIdOf(this.run, this.path, this.attempt, 'request');
  }

  get log(): Logger {
    const { run, path, attempt, model } = this.request.step;
    this.#log ??= this.#logger.child({ run, step: path, attempt, model });
    return this.#log;
  }

  /** Headers of the request as it arrived. */
  get headers(): MessageHeaders {
    return this.deliveries[0]?.headers ?? {};
  }

  /** When run() began, in milliseconds since the epoch; undefined before. */
  get begunAtMs(): number | undefined {
    return this.#begunAtMs;
  }

  /** Starts the call's time. Throws the reason instead where the call must not be run any more. */
  begin(): void {
    this.#abort.signal.throwIfAborted();
    const { timeoutMs, deadline } = this.request.step;
    const nowMs = this.#clock.now();
    const leftMs = Date.parse(deadline) - nowMs;
    if (leftMs <= 0) throw deadlineExceeded(deadline);
    this.#begunAtMs = nowMs;
    const tooLate =
      leftMs < timeoutMs ? () => deadlineExceeded(deadline) : () => timedOut(timeoutMs);
    const waitMs = Math.min(leftMs, timeoutMs, MAX_TIMER_MS);
    this.#timer = setTimeout(() => this.abort(tooLate()), waitMs);
  }

  /** Fires the signal. Only the first reason counts. */
  abort(reason: FleetError): void {
    if (this.#ended || this.#abort.signal.aborted) return;
    clearTimeout(this.#timer);
    // First the waiter, then the model: what run() throws because it was aborted says less than why, and comes too late.
    this.#rejectOver(reason);
    this.#abort.abort(reason);
  }

  /** The reply is decided; nothing that the model reports from now on counts. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  /** What the model wants added to the run's context. */
  patched(): JsonObject {
    return Object.fromEntries(this.#patch);
  }

  /** What the call used until now; undefined when it was never run. */
  used(): Usage | undefined {
    if (this.#begunAtMs === undefined) return undefined;
    const computeMs = Math.max(0, this.#clock.now() - this.#begunAtMs);
    return { calls: 1, ...this.#reported, computeMs };
  }
}

/** Counts as the usage block holds them. Nonsense counts nothing: it must not cost the call its reply. */
function sum(known: number, reported: number | undefined): number {
  if (reported === undefined || !(reported > 0)) return known;
  return Math.min(known + Math.round(reported), Number.MAX_SAFE_INTEGER);
}
