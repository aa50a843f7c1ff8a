import type { CallFrame, Frame, Run } from './run.ts';

/** A call whose attempt is open: it was dispatched and its reply would be accepted. */
export type OpenCall = CallFrame & { readonly phase: { readonly name: 'open' } };

/** The open attempts of a run, in the order of the flow. */
export function openCalls(run: Run): readonly OpenCall[] {
  return run.state === null ? [] : openCallsIn(run.state);
}

/** Whether the request of this attempt still has a purpose. */
export function isAttemptOpen(run: Run, path: string, attempt: number): boolean {
  return openCalls(run).some((call) => call.path === path && call.attempt === attempt);
}

/** The open attempts under a frame. */
export function openCallsIn(frame: Frame): readonly OpenCall[] {
  const calls: OpenCall[] = [];
  collect(frame, calls);
  return calls;
}

function collect(frame: Frame, calls: OpenCall[]): void {
  switch (frame.kind) {
    case 'call':
      if (isOpen(frame)) calls.push(frame);
      return;
    case 'sequence':
    case 'choice':
      collect(frame.child, calls);
      return;
    case 'scatter':
      for (const child of Object.values(frame.active)) collect(child, calls);
  }
}

function isOpen(frame: CallFrame): frame is OpenCall {
  return frame.phase.name === 'open';
}
