/**
 * The errors of Flotilla. The type decides what happens to a message; the `code` (lower_snake_case) and the
 * sentence are what people and programs read. `details` is plain JSON: never a socket, never a payload.
 */
export class FleetError extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    options: { cause?: unknown; details?: Record<string, unknown> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** Bytes that are no envelope: parked in `dead.unprocessable`, never answered, never tried again. */
export class UnprocessableError extends FleetError {}

/** A readable message whose content breaks a contract (a model's schema, a flow's rules). Never tried again. */
export class ContractError extends FleetError {}

/** A model's word that trying again cannot help. */
export class PermanentError extends FleetError {}

/** A model's word that the same call may succeed later; `retryAfterMs` wins over the step's own back-off. */
export class TransientError extends FleetError {
  readonly retryAfterMs: number | undefined;

  constructor(
    code: string,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number; details?: Record<string, unknown> } = {},
  ) {
    super(code, message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The abort reason of a call whose time (its own, or its run's) is over. */
export class DeadlineError extends FleetError {}

/** The abort reason of a call that a stopping worker gives back; it costs no attempt. */
export class ShutdownError extends FleetError {
  constructor(message = 'The process is stopping; the message goes back to its queue.') {
    super('shutting_down', message);
  }
}

/** Wrong use of the command line, the environment or a configuration file; lists every problem at once. */
export class ConfigError extends FleetError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[], code = 'config_invalid') {
    super(code, problems.join('\n'), { details: { problems } });
    this.problems = problems;
  }
}

/** What the broker or the connection did to a message. */
export class TransportError extends FleetError {}
