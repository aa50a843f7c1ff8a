import type { JsonObject } from '../../../shared/envelope/json.ts';

/** Counts by model; a model that is not named has none. */
export type Counts = Readonly<Record<string, number>>;

/** How many requests are open over all coordinators, as they share it in the document `open`. */
export interface OpenDocument {
  /** What all of them have counted, those that are gone too. */
  readonly totals: Counts;
  /** Coordinators that live: when they were heard, and how much of their own count is in `totals`. */
  readonly instances: Readonly<Record<string, { readonly atMs: number; readonly sent: Counts }>>;
  /** Something was lost: the open runs must be counted anew, not before `recountAtMs`. */
  readonly unsure: boolean;
  readonly recountAtMs: number;
}

/** What one coordinator brings. */
export interface Share {
  readonly instance: string;
  readonly nowMs: number;
  /** What it counted since it began. */
  readonly counted: Counts;
  /** How much of that is known to be in the totals, for when its entry was taken out. */
  readonly sent: Counts;
  /** Something in the totals cannot be right. */
  readonly doubts?: boolean;
}

/** A coordinator that was not heard for so long is taken for dead. */
const SILENT_MS = 10_000;

/** Adds what a coordinator counted since its last share; the same share again changes nothing. */
export function merged(before: OpenDocument | undefined, share: Share): OpenDocument {
  const { instance, nowMs, counted } = share;
  const { totals, instances, unsure, recountAtMs } = before ?? nothingOpen;
  const { [instance]: own, ...others } = instances;
  const living = Object.entries(others).filter(([, { atMs }]) => nowMs - atMs < SILENT_MS);
  // What it counted in its last second was never shared.
  const lost = living.length < Object.keys(others).length;
  return {
    totals: plus(totals, minus(counted, own?.sent ?? share.sent)),
    instances: Object.fromEntries([...living, [instance, { atMs: nowMs, sent: counted }]]),
    unsure: unsure || lost || (share.doubts ?? false),
    recountAtMs,
  };
}

/** The same for a coordinator that begins; one of its name that did not end in good order is lost. */
export function began(before: OpenDocument | undefined, share: Share): OpenDocument {
  if (before?.instances[share.instance] === undefined) return merged(before, share);
  const { [share.instance]: _, ...instances } = before.instances;
  return merged({ ...before, instances, unsure: true }, share);
}

/** The same for a coordinator that ends in good order. */
export function signedOff(before: OpenDocument | undefined, share: Share): OpenDocument {
  const after = merged(before, share);
  const { [share.instance]: _, ...instances } = after.instances;
  return { ...after, instances };
}

/** Whether another coordinator lives. */
export function hasOthers({ instances }: OpenDocument, instance: string): boolean {
  return Object.keys(instances).some((name) => name !== instance);
}

/**
 * Replaces the totals by what is open in truth. While others live, what they did during the recount may be in it or not: the
 * document stays unsure until a recount finds what it already says.
 */
export function recounted(
  before: OpenDocument | undefined,
  share: Share,
  open: Counts,
  againAtMs: number,
): OpenDocument {
  const after = merged(before, share);
  const agrees = Object.keys(minus(after.totals, open)).length === 0;
  const unsure = hasOthers(after, share.instance) && !agrees;
  return { ...after, totals: open, unsure, recountAtMs: againAtMs };
}

function plus(one: Counts, other: Counts): Counts {
  const sum: Record<string, number> = { ...one };
  for (const [model, count] of Object.entries(other)) {
    const total = (sum[model] ?? 0) + count;
    if (total === 0) delete sum[model];
    else sum[model] = total;
  }
  return sum;
}

function minus(one: Counts, other: Counts): Counts {
  const negative = Object.entries(other).map(([model, count]) => [model, -count] as const);
  return plus(one, Object.fromEntries(negative));
}

/** Only what is written here is read back. */
export function openDocumentOf(document: JsonObject | undefined): OpenDocument | undefined {
  return document as OpenDocument | undefined;
}

const nothingOpen: OpenDocument = { totals: {}, instances: {}, unsure: false, recountAtMs: 0 };
