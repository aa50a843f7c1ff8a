import { type FleetError, PermanentError, TransientError } from '../errors/errors.ts';

/** Statuses below 500 that a later try may not meet: request time-out, conflict, too early. */
const transientStatuses = new Set([408, 409, 425]);

/** Words that a provider gives its own errors; anything else in an error body may quote a prompt or a key. */
const word = /^[a-z0-9_.-]{1,64}$/i;

/**
 * An answer that is no success, as the error that chooses what happens next. `code` is the provider's own word for it, where
 * it gave one; `nowMs` is for a Retry-After that is a date.
 */
export function errorOfStatus(
  response: Pick<Response, 'status' | 'headers'>,
  code: unknown,
  nowMs: number,
): FleetError {
  const { status } = response;
  const said = typeof code === 'string' && word.test(code) ? ` (${code})` : '';
  const details = { status };
  const retryAfterMs = retryAfter(response.headers.get('retry-after'), nowMs);
  const options = { details, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  if (status === 429) {
    return new TransientError('rate_limited', `The provider is at its limit${said}.`, options);
  }
  if (status >= 500 || transientStatuses.has(status)) {
    return new TransientError(
      'provider_unavailable',
      `The provider answered with status ${status}${said}.`,
      options,
    );
  }
  if (status === 401 || status === 403) {
    return new PermanentError(
      'provider_unauthorized',
      `The provider refused the key with status ${status}${said}.`,
      { details },
    );
  }
  return new PermanentError(
    'provider_refused',
    `The provider refused the request with status ${status}${said}.`,
    { details },
  );
}

/** A Retry-After header in milliseconds from now: seconds or an HTTP date; undefined when it is neither. */
function retryAfter(value: string | null, nowMs: number): number | undefined {
  const text = value?.trim();
  if (!text) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1_000);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

/** A request that got no answer at all. */
export function unreachable(error: unknown): TransientError {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return new TransientError('provider_unreachable', `The provider cannot be reached${code}.`, {
    cause: error,
  });
}

/** An answer that broke off. */
export function cut(error?: unknown): TransientError {
  return new TransientError('stream_cut', 'The answer of the provider broke off.', {
    cause: error,
  });
}

/** An answer that is not what the protocol says. */
export function malformed(what: string): TransientError {
  return new TransientError(
    'provider_malformed',
    `The answer of the provider is malformed: ${what}.`,
  );
}
