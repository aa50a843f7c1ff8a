import { setTimeout as sleep } from 'node:timers/promises';
import { type BackoffPolicy, backoffMs } from '../../backoff/backoff.ts';
import { TransportError } from '../../errors/errors.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { AmqpConnection } from './connection.ts';
import { asError, needsOperator } from './faults.ts';

/** A connection that held this long was a good one: the next redial begins with the shortest wait again. */
const STEADY_MS = 5_000;
/** A refused login is not tried more often than this: brokers count and lock. */
const REFUSED_MS = 5_000;

export interface SupervisorOptions {
  /** What the connection is for, in logs. */
  readonly purpose: 'publish' | 'consume';
  /** Attempt number 0, 1, …: which address to take. */
  readonly dial: (attempt: number, stop: AbortSignal) => Promise<AmqpConnection>;
  /** Prepares a new connection before anybody gets it; when it rejects, the connection is closed and dialled anew. */
  readonly prepare: (connection: AmqpConnection) => Promise<void>;
  readonly redial: BackoffPolicy;
  readonly onChange: () => void;
  readonly onError: (error: Error) => void;
  readonly logger: Logger;
}

/**
 * Keeps one connection to the broker: dials until one stands, waits for its end, dials again. Never gives up until closed.
 * The waits grow with full jitter, also when connections come up and fall at once.
 */
export class ConnectionSupervisor {
  readonly #options: SupervisorOptions;
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  #connection: AmqpConnection | undefined;
  #waiting: PromiseWithResolvers<AmqpConnection>[] = [];

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#loop = this.#run();
  }

  /** The connection, while it is prepared and open. */
  get connection(): AmqpConnection | undefined {
    return this.#connection?.open ? this.#connection : undefined;
  }

  /** The connection as soon as there is one. Rejects when the supervisor is closed. */
  async connected(): Promise<AmqpConnection> {
    if (this.connection) return this.connection;
    if (this.#stop.signal.aborted) throw closedError();
    const waiting = Promise.withResolvers<AmqpConnection>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  /** Ends the attempts and the connection within `timeoutMs`. Idempotent. */
  async close(timeoutMs: number): Promise<void> {
    this.#stop.abort();
    for (const waiting of this.#waiting.splice(0)) waiting.reject(closedError());
    await this.#connection?.close(timeoutMs);
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { logger, purpose, redial, onError, onChange } = this.#options;
    let failures = 0;
    for (let attempt = 0; !this.#stop.signal.aborted; attempt += 1) {
      let leastWaitMs = 0;
      try {
        const connection = await this.#establish(attempt);
        const since = performance.now();
        logger.info({ broker: connection.broker, purpose }, 'connected to the broker');
        onChange();
        const reason = await connection.ended;
        this.#connection = undefined;
        onChange();
        if (this.#stop.signal.aborted) return;
        if (performance.now() - since > STEADY_MS) failures = 0;
        logger.warn(
          { broker: connection.broker, purpose, reason: reason.message },
          'connection lost',
        );
        onError(lostError(connection, reason));
      } catch (thrown) {
        if (this.#stop.signal.aborted) return;
        const error = asError(thrown);
        if (needsOperator(error)) leastWaitMs = REFUSED_MS;
        const level = needsOperator(error) ? 'error' : failures === 0 ? 'warn' : 'debug';
        logger[level]({ purpose, reason: error.message }, 'no connection to the broker');
        onError(error);
      }
      failures += 1;
      const waitMs = leastWaitMs + backoffMs(redial, failures, Math.random());
      await sleep(waitMs, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
  }

  async #establish(attempt: number): Promise<AmqpConnection> {
    const connection = await this.#options.dial(attempt, this.#stop.signal);
    const leave = () => connection.kill('the transport is closing');
    this.#stop.signal.addEventListener('abort', leave, { once: true });
    try {
      connection.onBlocked = this.#options.onChange;
      await this.#options.prepare(connection);
      this.#stop.signal.throwIfAborted();
      // amqplib may have closed the connection while a late answer was on its way.
      if (!connection.open) throw await connection.ended;
    } catch (error) {
      await connection.close(1_000);
      throw error;
    } finally {
      this.#stop.signal.removeEventListener('abort', leave);
    }
    this.#connection = connection;
    for (const waiting of this.#waiting.splice(0)) waiting.resolve(connection);
    return connection;
  }
}

export function closedError(): TransportError {
  return new TransportError('transport_closed', 'The transport is closed.');
}

function lostError(connection: AmqpConnection, reason: Error): TransportError {
  return new TransportError(
    'connection_lost',
    `The connection to ${connection.broker} was lost: ${reason.message}`,
    { cause: reason },
  );
}
