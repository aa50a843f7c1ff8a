import type { JsonValue } from '../../shared/envelope/json.ts';
import { type Absent, absent } from './engine/decision.ts';

/** The values of one run that are in memory. `complete`: every value it has is here, so a key that is not is absent. */
export interface RunValues {
  readonly byKey: Map<string, JsonValue | Absent>;
  readonly complete: boolean;
  /** About how much memory they take. */
  bytes: number;
}

/** What a value costs beside its text: the map's entry, object headers. */
const OVERHEAD_BYTES = 64;

export function runValues(values: ReadonlyMap<string, JsonValue>, complete: boolean): RunValues {
  const made: RunValues = { byKey: new Map(), complete, bytes: 0 };
  for (const [key, value] of values) keepValue(made, key, value);
  return made;
}

/** Puts a value in, in place of an earlier one under the same key. */
export function keepValue(values: RunValues, key: string, value: JsonValue | Absent): void {
  const before = values.byKey.get(key);
  if (before !== undefined) values.bytes -= sizeOf(before);
  values.byKey.set(key, value);
  values.bytes += sizeOf(value);
}

function sizeOf(value: JsonValue | Absent): number {
  if (value === absent) return OVERHEAD_BYTES;
  if (typeof value === 'string') return OVERHEAD_BYTES + 2 * value.length;
  if (typeof value !== 'object' || value === null) return OVERHEAD_BYTES;
  let bytes = OVERHEAD_BYTES;
  for (const member of Object.values(value)) bytes += sizeOf(member);
  return bytes;
}

/**
 * Values of runs that were lately worked on, so that a chain reads nothing back. Bounded by bytes: the run that was used
 * longest ago goes first. It holds only what is committed: a transaction takes out what it works on, and what is put back
 * after the commit is good for the revision of the run that it was kept with, because another coordinator may write next.
 */
export class ValuesCache {
  readonly #maxBytes: number;
  readonly #runs = new Map<
    string,
    { readonly values: RunValues; readonly revision: number; readonly bytes: number }
  >();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes out the values of a run at this revision; empty when none are here. */
  take(runId: string, revision: number | undefined): RunValues {
    const known = this.#runs.get(runId);
    this.forget(runId);
    return known?.revision === revision && known ? known.values : runValues(new Map(), false);
  }

  keep(runId: string, values: RunValues, revision: number): void {
    this.forget(runId);
    // Noted as they are now: whoever has the values in hand makes them grow.
    this.#runs.set(runId, { values, revision, bytes: values.bytes });
    this.#bytes += values.bytes;
    for (const oldest of this.#runs.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.forget(oldest);
    }
  }

  forget(runId: string): void {
    const known = this.#runs.get(runId);
    if (!known) return;
    this.#runs.delete(runId);
    this.#bytes -= known.bytes;
  }
}
