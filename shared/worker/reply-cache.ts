import type { OutgoingMessage } from '../transport/transport.ts';

/** Limits of what a worker remembers: the older half of a long memory is worth little, and replies may be large. */
const MAX_REPLIES = 1_000;
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * The last replies of a worker by call key, so that a redelivered request is answered without calling the model again.
 * The oldest leave first, when there are more than 1,000 or more than 64 MiB of them.
 */
export class ReplyCache {
  readonly #replies = new Map<string, OutgoingMessage>();
  #bytes = 0;

  get(key: string): OutgoingMessage | undefined {
    return this.#replies.get(key);
  }

  keys(): Iterable<string> {
    return this.#replies.keys();
  }

  set(key: string, reply: OutgoingMessage): void {
    this.#drop(key);
    this.#replies.set(key, reply);
    this.#bytes += reply.body.byteLength;
    for (const oldest of this.#replies.keys()) {
      if (this.#replies.size <= MAX_REPLIES && this.#bytes <= MAX_BYTES) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const reply = this.#replies.get(key);
    if (reply === undefined) return;
    this.#replies.delete(key);
    this.#bytes -= reply.body.byteLength;
  }
}
