import type { TransportError } from '../../errors/errors.ts';
import type { OutgoingMessage, PublishOutcome } from '../transport.ts';

/** Shared by all messages that went well. */
export const confirmed: PublishOutcome = Object.freeze({ status: 'confirmed' });

/** The messages of one publish call: resolves when each has its outcome. */
export class PublishCall {
  readonly finished: Promise<PublishOutcome[]>;
  readonly #outcomes: PublishOutcome[];
  readonly #finish: (outcomes: PublishOutcome[]) => void;
  #open: number;

  constructor(count: number) {
    const { promise, resolve } = Promise.withResolvers<PublishOutcome[]>();
    this.finished = promise;
    this.#finish = resolve;
    this.#open = count;
    this.#outcomes = new Array<PublishOutcome>(count).fill(confirmed);
  }

  settle(index: number, outcome: PublishOutcome): void {
    this.#outcomes[index] = outcome;
    this.#open -= 1;
    if (this.#open === 0) this.#finish(this.#outcomes);
  }
}

/** One message on its way to the broker. Times are of the monotonic clock, in milliseconds. */
export class Pending {
  readonly message: OutgoingMessage;
  readonly queuedAt: number;
  sentAt = 0;
  /** Set when the broker returned it as unroutable; its confirm comes right after. */
  returned: TransportError | undefined;
  readonly #call: PublishCall;
  readonly #index: number;
  #settled = false;

  constructor(message: OutgoingMessage, call: PublishCall, index: number, queuedAt: number) {
    this.message = message;
    this.queuedAt = queuedAt;
    this.returned = undefined;
    this.#call = call;
    this.#index = index;
  }

  /** The first outcome counts. */
  settle(outcome: PublishOutcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#call.settle(this.#index, outcome);
  }
}
