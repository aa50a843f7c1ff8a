import { FleetError, TransientError } from './errors.ts';

/** An error as it may leave the process: no stack, no cause, no payload. */
export interface ErrorDescription {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
}

/** Any thrown value as a description. What is no FleetError is `unexpected_error` and may be tried again (fail safe). */
export function describe(error: unknown): ErrorDescription {
  if (error instanceof TransientError) {
    const { code, message, retryAfterMs } = error;
    return {
      code,
      message,
      retryable: true,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }
  if (error instanceof FleetError) {
    return { code: error.code, message: error.message, retryable: false };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'unexpected_error', message, retryable: true };
}
