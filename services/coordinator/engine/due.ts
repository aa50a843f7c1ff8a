import type { CallFrame, Frame } from './run.ts';

/** The earliest instant (ms) at which time alone changes something under a frame. */
export function dueMsOf(frame: Frame): number {
  let inner = frame;
  // A loop, not recursion: a map has thousands of these chains, and each decision walks them all.
  while (inner.kind === 'sequence' || inner.kind === 'choice') inner = inner.child;
  if (inner.kind === 'call') return callDueMs(inner);
  if (inner.kind === 'wait') return inner.untilMs ?? Infinity;
  let earliestMs = inner.withinAtMs ?? Infinity;
  for (const child of Object.values(inner.active)) {
    const dueMs = dueMsOf(child);
    if (dueMs < earliestMs) earliestMs = dueMs;
  }
  return earliestMs;
}

function callDueMs({ phase, withinAtMs }: CallFrame): number {
  const atMs = nextLookMs(phase);
  return withinAtMs === null || withinAtMs > atMs ? atMs : withinAtMs;
}

function nextLookMs(phase: CallFrame['phase']): number {
  switch (phase.name) {
    case 'open':
      return phase.silentAtMs;
    case 'backoff':
      return phase.retryAtMs;
    case 'held':
      return phase.lookAtMs ?? Infinity;
  }
}
