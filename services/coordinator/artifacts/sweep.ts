import type { ArtifactStore } from '../../../shared/artifacts/artifact-store.ts';
import { parseKey } from '../../../shared/artifacts/keys.ts';
import type { Store } from '../store/store.ts';

/** Runs looked at together. */
const PAGE = 500;
/**
 * How long after its expiry an artifact is kept whose run is not in this store: its job may be on its way, or it belongs to
 * somebody who should not share this place.
 */
const UNKNOWN_KEPT_MS = 30 * 24 * 60 * 60_000;

export interface SweepOptions {
  readonly artifacts: Pick<ArtifactStore, 'list' | 'delete'>;
  readonly store: Pick<Store, 'findRun' | 'openRunIds'>;
  /** The store's time now. */
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

export interface Swept {
  readonly deleted: number;
  /** Expired, and kept for a run that is open. */
  readonly kept: number;
}

/**
 * Deletes artifacts that have expired, but none that an open run may refer to, however old: neither those under its own prefix nor
 * under that of a run it goes on from; `checkOwnReferences` lets it refer to nothing else. A run that begins meanwhile refers
 * to nothing that has expired (`checkFresh`), so what is open is looked up once. Throws what the two stores throw, or the signal's
 * reason.
 */
export async function sweep(options: SweepOptions): Promise<Swept> {
  const { artifacts, store, nowMs, signal } = options;
  const held = await runsHeld(options);
  const isKnown = new Map<string, boolean>();
  let deleted = 0;
  let kept = 0;
  let cursor: string | undefined;
  do {
    signal.throwIfAborted();
    const page = await artifacts.list('', cursor);
    const over: string[] = [];
    for (const { key } of page.entries) {
      const { run, expiresAtMs } = parseKey(key);
      if (expiresAtMs > nowMs) continue;
      if (held.has(run)) {
        kept += 1;
        continue;
      }
      if (!isKnown.has(run)) isKnown.set(run, (await store.findRun(run)) !== undefined);
      if (isKnown.get(run) || expiresAtMs + UNKNOWN_KEPT_MS <= nowMs) over.push(key);
    }
    await artifacts.delete(over);
    deleted += over.length;
    cursor = page.cursor;
  } while (cursor !== undefined);
  return { deleted, kept };
}

/** Runs that are open, and those that they go on from. */
async function runsHeld({ store, signal }: SweepOptions): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  let after: string | undefined = '';
  while (after !== undefined) {
    signal.throwIfAborted();
    const ids: readonly string[] = await store.openRunIds(after, PAGE);
    for (const id of ids) {
      held.add(id);
      const continues = (await store.findRun(id))?.continues;
      for (const origin of continues ? [continues.run, ...(continues.before ?? [])] : []) {
        held.add(origin);
      }
    }
    after = ids.length < PAGE ? undefined : ids.at(-1);
  }
  return held;
}
