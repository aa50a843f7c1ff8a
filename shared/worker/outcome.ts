import { describe, type ErrorDescription } from '../errors/describe.ts';
import { DeadlineError, ShutdownError } from '../errors/errors.ts';

/** What becomes of a request whose call did not succeed. */
export type Verdict =
  /** Answer with a failed reply, then ack. */
  | { readonly kind: 'reply'; readonly failure: ErrorDescription }
  /** Say nothing: the request goes back to its queue and costs no attempt. */
  | { readonly kind: 'requeue' };

/** Longest texts that the outcome block of a reply holds. */
const MAX_CODE = 64;
const MAX_MESSAGE = 4_096;
/** A provider that asks for a longer wait than a day is mistaken; the step's own back-off decides. */
const MAX_RETRY_AFTER_MS = 86_400_000;

/** What a thrown value, or the reason a call was aborted for, means for its request. */
export function decide(error: unknown): Verdict {
  if (error instanceof ShutdownError) return { kind: 'requeue' };
  const { retryAfterMs, ...failure } = describe(error);
  return {
    kind: 'reply',
    failure: {
      ...failure,
      code: readable(failure.code, MAX_CODE),
      message: readable(failure.message, MAX_MESSAGE),
      // One execution was too slow; the next may not be. The run's deadline, in contrast, stays passed.
      ...(isWait(retryAfterMs) ? { retryAfterMs: Math.ceil(retryAfterMs) } : {}),
      ...(error instanceof DeadlineError ? { retryable: error.code === 'timeout' } : {}),
    },
  };
}

/** A model's own text as a reply can carry it: what the coordinator's gate refuses would leave the step without an answer. */
function readable(text: string, maxLength: number): string {
  return text.slice(0, maxLength).toWellFormed().replaceAll('\0', '\ufffd');
}

function isWait(retryAfterMs: number | undefined): retryAfterMs is number {
  return retryAfterMs !== undefined && retryAfterMs >= 0 && retryAfterMs <= MAX_RETRY_AFTER_MS;
}

/** The abort reason of a call that ran longer than its step allows. */
export function timedOut(timeoutMs: number): DeadlineError {
  return new DeadlineError('timeout', `The model did not answer within ${timeoutMs} ms.`);
}

/** The abort reason of a call whose run must have ended by now. */
export function deadlineExceeded(deadline: string): DeadlineError {
  return new DeadlineError('deadline_exceeded', `The run had to end by ${deadline}.`);
}
