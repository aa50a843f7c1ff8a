import type { CallFrame, Frame, HeldPhase, OpenPhase, Run, WaitFrame } from './run.ts';

/** A call whose latest attempt is open: it was dispatched and its reply would be accepted. */
export type OpenCall = CallFrame & { readonly phase: OpenPhase };
/** A call that may not leave yet. */
export type HeldCall = CallFrame & { readonly phase: HeldPhase };

/** The open attempts of a run, in the order of the flow. */
export function openCalls(run: Pick<Run, 'state'>): readonly OpenCall[] {
  return run.state === null ? [] : openCallsIn(run.state);
}

/** Whether the request of this attempt still has a purpose. */
export function isAttemptOpen(run: Run, path: string, attempt: number): boolean {
  return openCalls(run).some((call) => call.path === path && call.attempt === attempt);
}

/** The open attempts under a frame. */
function openCallsIn(frame: Frame): readonly OpenCall[] {
  return leavesIn(frame).filter(isOpen);
}

/** The calls of a run that are held back. */
export function heldCalls(run: Run): readonly HeldCall[] {
  return run.state === null ? [] : leavesIn(run.state).filter(isHeld);
}

/** The nodes of a run that wait for a signal. */
export function openWaits(run: Run): readonly WaitFrame[] {
  return run.state === null ? [] : leavesIn(run.state).filter((leaf) => leaf.kind === 'wait');
}

/** The calls and waits under a frame, in the order of the flow. */
export function leavesIn(frame: Frame): readonly (CallFrame | WaitFrame)[] {
  const leaves: (CallFrame | WaitFrame)[] = [];
  collect(frame, leaves);
  return leaves;
}

function collect(frame: Frame, leaves: (CallFrame | WaitFrame)[]): void {
  switch (frame.kind) {
    case 'call':
    case 'wait':
      leaves.push(frame);
      return;
    case 'sequence':
    case 'choice':
      collect(frame.child, leaves);
      return;
    case 'scatter':
      for (const child of Object.values(frame.active)) collect(child, leaves);
  }
}

export function isOpen(leaf: CallFrame | WaitFrame): leaf is OpenCall {
  return leaf.kind === 'call' && leaf.phase.name === 'open';
}

export function isHeld(leaf: CallFrame | WaitFrame): leaf is HeldCall {
  return leaf.kind === 'call' && leaf.phase.name === 'held';
}
