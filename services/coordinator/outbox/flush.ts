import type { Outgoing } from './outgoing.ts';

/** How long ids of published rows wait for a transaction that takes them along. */
const FLUSH_MS = 200;

/** Deletes published rows where no other transaction comes along to do it. */
export class Flush {
  readonly #outgoing: Outgoing;
  readonly #commit: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;

  /** `commit`: a transaction of nothing else. */
  constructor(outgoing: Outgoing, commit: () => Promise<void>) {
    this.#outgoing = outgoing;
    this.#commit = commit;
  }

  soon(): void {
    this.#timer ??= setTimeout(() => void this.now(), FLUSH_MS).unref();
  }

  async now(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#outgoing.hasConfirmed) return;
    // Left undone it costs a message twice, which is legal.
    await this.#commit().catch(() => {});
  }
}
