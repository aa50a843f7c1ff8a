import { letterOf } from '../../../services/coordinator/dead-letters/letter.ts';
import type { Changes, DeadLetterRow } from '../../../services/coordinator/store/store.ts';
import { messageIdOf, runIdOf } from '../../../shared/envelope/ids.ts';
import type { Delivery, OutgoingMessage } from '../../../shared/transport/transport.ts';

/** History that closes the attempt it names. */
const closing: ReadonlySet<string> = new Set([
  'reply_accepted',
  'attempt_timed_out',
  'attempt_abandoned',
]);

/**
 * The order of durability: a coordinator acknowledges a job or a reply after it is in the store, and forgets a message after it
 * is confirmed; a worker acknowledges a request after its reply is confirmed. The fleet heals much of what a broken order
 * loses, so that results alone do not show it.
 */
export class Durability {
  readonly #safe = new Set<string>();
  readonly #confirmed = new Set<string>();
  readonly #letters = new Set<string>();
  /** Requests whose attempt is over need not leave any more. */
  readonly #closed = new Set<string>();

  /** Answers the ids of messages that were forgotten too early. */
  committed({ runs, history, outbox, published }: Changes): readonly string[] {
    for (const { id } of runs) this.#safe.add(id);
    for (const { type, runId, path = '', attempt = 0 } of history) {
      if (type.startsWith('reply_')) this.#safe.add(messageIdOf(runId, path, attempt, 'reply'));
      if (closing.has(type)) this.#closed.add(messageIdOf(runId, path, attempt, 'request'));
    }
    // The answer to a job that became no run, or whose run has ended.
    for (const { type, body } of outbox) {
      if (type === 'result') this.#safe.add(parsed(body).run.id);
    }
    return published.filter((id) => !this.#confirmed.has(id) && !this.#closed.has(id));
  }

  confirmed({ type, messageId, body }: OutgoingMessage): void {
    this.#confirmed.add(messageId);
    if (type !== 'reply') return;
    const { run, path, attempt } = parsed(body).step;
    this.#safe.add(`answered ${messageIdOf(run, path, attempt, 'request')}`);
  }

  lettersSaved(rows: readonly DeadLetterRow[]): void {
    for (const { id } of rows) this.#letters.add(id);
  }

  /** Whether a message of a dead queue may be acknowledged now. */
  mayBeForgotten(letter: Delivery): boolean {
    return this.#letters.has(letterOf(letter, 0).row.id);
  }

  /** Whether a message may be acknowledged now. */
  mayBeAcked({ type, messageId }: OutgoingMessage, userId: string | undefined): boolean {
    switch (type) {
      case 'job':
        return this.#safe.has(runIdOf('default', userId ?? '', messageId));
      case 'reply':
        return this.#safe.has(messageId);
      case 'request':
        return this.#safe.has(`answered ${messageId}`);
      default:
        return true;
    }
  }
}

interface Blocks {
  readonly run: { readonly id: string };
  readonly step: { readonly run: string; readonly path: string; readonly attempt: number };
}

function parsed(body: Uint8Array): Blocks {
  return JSON.parse(Buffer.from(body).toString()) as Blocks;
}
