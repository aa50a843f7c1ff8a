import type { Result } from '../envelope/envelope.ts';
import type { FleetError } from '../errors/errors.ts';
import type { OutgoingMessage } from '../transport/transport.ts';

/** A run that somebody waits for, or will. */
export interface OpenRun {
  readonly runId: string;
  /** Undefined: another process submitted it. */
  readonly job: OutgoingMessage | undefined;
  readonly result: Promise<Result>;
}

/** Results kept for whoever asks after they arrived; older ones are asked for again. */
const MAX_KEPT = 1_000;

interface Entry extends OpenRun {
  settle(outcome: Result | FleetError): void;
  ended: boolean;
}

/** The runs of this client that have not ended, and the results of those that ended lately. */
export class OpenRuns {
  readonly #entries = new Map<string, Entry>();
  readonly #ended: string[] = [];

  /** The runs that have not ended. */
  get open(): readonly OpenRun[] {
    return [...this.#entries.values()].filter((entry) => !entry.ended);
  }

  find(runId: string): OpenRun | undefined {
    return this.#entries.get(runId);
  }

  /** Expects the result of a run from now on. The same job again joins the run that is there. */
  expect(runId: string, job?: OutgoingMessage): OpenRun {
    const known = this.#entries.get(runId);
    if (known && !(known.ended && job)) return known;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    // Nobody may be waiting yet.
    promise.catch(() => {});
    const settle = (outcome: Result | FleetError) =>
      outcome instanceof Error ? reject(outcome) : resolve(outcome);
    const entry: Entry = { runId, job, result: promise, settle, ended: false };
    this.#entries.set(runId, entry);
    return entry;
  }

  /** A result arrived; one that nobody expects is dropped. */
  arrived(result: Result): void {
    this.#end(result.run.id, result);
  }

  /** The run will never have a result. */
  fail(runId: string, error: FleetError): void {
    this.#end(runId, error);
  }

  /** Nobody submitted it here and nobody waits any more. */
  forget(runId: string): void {
    if (this.#entries.get(runId)?.job === undefined) this.#entries.delete(runId);
  }

  #end(runId: string, outcome: Result | FleetError): void {
    const entry = this.#entries.get(runId);
    if (!entry || entry.ended) return;
    entry.ended = true;
    entry.settle(outcome);
    this.#ended.push(runId);
    if (this.#ended.length <= MAX_KEPT) return;
    const oldest = this.#ended.shift();
    if (oldest !== undefined && this.#entries.get(oldest)?.ended) this.#entries.delete(oldest);
  }
}
