import type { RunError } from '../../../../shared/envelope/envelope.ts';
import type { NodeOutcome } from '../draft.ts';
import { type Ranges, sizeOf, withIndex } from '../ranges.ts';
import type { Frame, ScatterFrame } from '../run.ts';
import { branchAt } from './branch.ts';
import type { Standing } from './join.ts';
import type { ScatterSite } from './scatter-site.ts';

/** The branches of a scatter while one decision goes over them. Starts as a copy of the frame's. */
export interface Tally {
  readonly total: number;
  next: number;
  active: Record<string, Frame>;
  activeCount: number;
  succeeded: Ranges;
  succeededCount: number;
  failed: Readonly<Record<string, string>>;
  failedCount: number;
  patched: readonly number[];
  /** The first branch that failed in this decision, and why. */
  firstError: RunError | undefined;
  changed: boolean;
}

export function tallyOf(frame: ScatterFrame): Tally {
  return {
    total: frame.total,
    next: frame.next,
    active: { ...frame.active },
    activeCount: Object.values(frame.active).length,
    succeeded: frame.succeeded,
    succeededCount: sizeOf(frame.succeeded),
    failed: frame.failed,
    failedCount: Object.keys(frame.failed).length,
    patched: frame.patched,
    firstError: undefined,
    changed: false,
  };
}

export function standingOf(tally: Tally): Standing {
  return { total: tally.total, succeeded: tally.succeededCount, failed: tally.failedCount };
}

/** Notes how far a branch came. */
export function settle(
  { node, path, indices, draft }: ScatterSite,
  tally: Tally,
  index: number,
  outcome: NodeOutcome,
): void {
  const before = tally.active[index];
  if (outcome.type === 'open' && outcome.frame === before) return;
  tally.changed = true;
  if (before === undefined) tally.activeCount += 1;
  const { id, patchKey } = branchAt(node, index, indices);
  if (draft.written.has(patchKey) && !tally.patched.includes(index)) {
    tally.patched = [...tally.patched, index].sort((a, b) => a - b);
  }
  if (outcome.type === 'open') {
    tally.active[index] = outcome.frame;
    return;
  }
  delete tally.active[index];
  tally.activeCount -= 1;
  if (outcome.type === 'done') {
    tally.succeeded = withIndex(tally.succeeded, index);
    tally.succeededCount += 1;
    return;
  }
  const { code, message } = outcome.error;
  tally.failed = { ...tally.failed, [index]: code };
  tally.failedCount += 1;
  tally.firstError ??= outcome.error;
  draft.history.push({ type: 'branch_failed', path: `${path}/${id}`, code, message });
}

/** The frame that the tally leaves: the same one when nothing has changed. */
export function frameOf(frame: ScatterFrame, tally: Tally): ScatterFrame {
  const { next, active, succeeded, failed, patched } = tally;
  return tally.changed || next !== frame.next
    ? { ...frame, next, active, succeeded, failed, patched }
    : frame;
}
