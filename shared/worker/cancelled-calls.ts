/** Words of cancellation that are remembered: the requests they mean are in the queue, which is bounded too. */
const MAX_REMEMBERED = 10_000;

/** Which calls a cancellation means: all of a run, of one of its paths, or one attempt. */
export interface CallFilter {
  readonly run: string;
  readonly path?: string | undefined;
  readonly attempt?: number | undefined;
}

/** What a filter is matched with. */
interface CallName {
  readonly run: string;
  readonly path: string;
  readonly attempt: number;
}

export function matches(call: CallName, { run, path, attempt }: CallFilter): boolean {
  return (
    call.run === run &&
    (path === undefined || call.path === path) &&
    (attempt === undefined || call.attempt === attempt)
  );
}

/** Cancellations that came before their requests: a request that is still in the queue then is not run when it arrives. */
export class CancelledCalls {
  readonly #keys = new Set<string>();

  add(filter: CallFilter): void {
    this.#keys.add(keyOf(filter));
    const [oldest] = this.#keys;
    if (this.#keys.size > MAX_REMEMBERED && oldest !== undefined) this.#keys.delete(oldest);
  }

  has({ run, path, attempt }: CallName): boolean {
    if (this.#keys.size === 0) return false;
    return [{ run }, { run, path }, { run, path, attempt }].some((filter) =>
      this.#keys.has(keyOf(filter)),
    );
  }
}

function keyOf({ run, path, attempt }: CallFilter): string {
  return `${run}|${path ?? ''}|${attempt ?? ''}`;
}
