import type { CallLine } from '../records/lines.ts';
import type { StoredRun } from './stored-runs.ts';

/** How many calls of a model were under way at a time. */
export interface InFlight {
  readonly most: number;
  /** Calls that began while as many as the limit allows were under way. */
  readonly over: number;
}

/** A call of an attempt that is over holds no place any more. It is told to stop; that takes a while, and clocks are read in turns. */
const MARGIN_MS = 250;

/**
 * Counts attempts, not calls: the same one may be called in two places when its worker seems to be gone. A call without an end
 * was killed at an unknown time, and counts as if at once.
 */
export function inFlight(
  model: string,
  limit: number,
  calls: readonly CallLine[],
  runs: ReadonlyMap<string, StoredRun>,
): InFlight {
  const own = calls.filter((line) => line.model === model);
  const endedAt = new Map(
    own.filter(({ what }) => what === 'ended').map(({ call, at }) => [call, at]),
  );
  const overAt = overAtOf(new Set(own.map(({ run }) => run)), runs);
  const events = own
    .filter(({ what }) => what === 'began')
    .flatMap(({ call, at, run, path, attempt }) => {
      const key = keyOf(run, path, attempt);
      const ended = endedAt.get(call) ?? at;
      const over = Math.min(overAt.get(key) ?? Infinity, overAt.get(run) ?? Infinity);
      const until = over < ended ? over - MARGIN_MS : ended;
      return until <= at
        ? []
        : [
            { key, at, by: 1 },
            { key, at: until, by: -1 },
          ];
    })
    // Of one millisecond, ends come first.
    .sort((one, other) => one.at - other.at || one.by - other.by);
  const open = new Map<string, number>();
  let [most, over] = [0, 0];
  for (const { key, by } of events) {
    const count = (open.get(key) ?? 0) + by;
    if (count === 0) open.delete(key);
    else open.set(key, count);
    most = Math.max(most, open.size);
    if (by > 0 && count === 1 && open.size > limit) over += 1;
  }
  return { most, over };
}

/** When each attempt, and each run, was over for its coordinator. */
function overAtOf(
  ids: ReadonlySet<string>,
  runs: ReadonlyMap<string, StoredRun>,
): ReadonlyMap<string, number> {
  const overAt = new Map<string, number>();
  for (const id of ids) {
    for (const { type, path = '', attempt = 0, atMs } of runs.get(id)?.history ?? []) {
      const key = type === 'run_finished' ? id : keyOf(id, path, attempt);
      if (ends.has(type) && !overAt.has(key)) overAt.set(key, atMs);
    }
  }
  return overAt;
}

const ends: ReadonlySet<string> = new Set([
  'reply_accepted',
  'attempt_timed_out',
  'attempt_abandoned',
  'run_finished',
]);

function keyOf(run: string, path: string, attempt: number): string {
  return `${run} ${path} ${attempt}`;
}
