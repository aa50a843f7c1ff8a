import { isHeld, isOpen, leavesIn } from './open-calls.ts';
import type { Run } from './run.ts';

type Leaf = ReturnType<typeof leavesIn>[number];

/** Where a run stands still until somebody does something: answers it, gives it more to spend, or lets a model go on. */
export interface Rest {
  readonly path: string;
  readonly why: 'signal' | 'budget' | 'paused';
  /** paused: the model that somebody stopped. */
  readonly model: string | null;
}

/** What a run waits for, in the order of its flow; empty while anything in it goes on by itself, and after its end. */
export function restsOf(
  { state }: Pick<Run, 'state'>,
  isPaused: (model: string) => boolean,
): readonly Rest[] {
  if (state === null) return [];
  const leaves = leavesIn(state);
  const rests = leaves.flatMap((leaf) => restOf(leaf, isPaused) ?? []);
  return rests.length === leaves.length ? rests : [];
}

function restOf(leaf: Leaf, isPaused: (model: string) => boolean): Rest | undefined {
  const { path } = leaf;
  if (leaf.kind === 'wait') return { path, why: 'signal', model: null };
  if (isHeld(leaf) && leaf.phase.why === 'budget') return { path, why: 'budget', model: null };
  const model = isOpen(leaf) || isHeld(leaf) ? leaf.phase.model : undefined;
  if (model !== undefined && isPaused(model)) return { path, why: 'paused', model };
  return undefined;
}
