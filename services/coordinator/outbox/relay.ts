import { describe } from '../../../shared/errors/describe.ts';
import { failpoint } from '../../../shared/failpoints/failpoint.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { Transport } from '../../../shared/transport/transport.ts';
import { attemptKeyOf } from '../engine/keys.ts';
import { openCalls } from '../engine/open-calls.ts';
import type { Run } from '../engine/run.ts';
import type { Hearing } from '../hearing.ts';
import type { OutboxRow, Store } from '../store/store.ts';
import type { Outgoing } from './outgoing.ts';

const EVERY_MS = 1_000;
/** Between two looks while messages wait for nothing but the broker. */
const SOON_MS = 50;
const LEASE_MS = 10_000;
const BATCH = 100;

export interface RelayOptions {
  readonly store: Store;
  readonly transport: Transport;
  readonly hearing: Hearing;
  readonly outgoing: Outgoing;
  readonly logger: Logger;
  readonly now: () => number;
}

/**
 * Publishes what the process that wrote it did not get out: it was killed after its commit, the broker was away, no queue
 * took the message. What a lost connection left unconfirmed is published as soon as there is another, anything else once it is
 * overdue. A request whose attempt is closed is dropped instead. After an outage it waits like the timers do: a
 * reply that nobody has read yet may close the attempt, and whoever published a row may not have been able to delete it.
 */
export class Relay {
  readonly #options: RelayOptions;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Looks at once, and then every second. */
  start(): void {
    this.#round = this.#look();
  }

  /** Resolves when a round in hand is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#round;
  }

  async #look(): Promise<void> {
    try {
      while (!this.#stopped && (await this.#relay()) >= BATCH);
    } catch (error) {
      const { code, message } = describe(error);
      this.#options.logger.warn({ code }, `outbox not relayed: ${message}`);
    }
    if (this.#stopped) return;
    const waitMs = this.#options.outgoing.hasUnconfirmed ? SOON_MS : EVERY_MS;
    this.#timer = setTimeout(() => {
      this.#round = this.#look();
    }, waitMs).unref();
  }

  /** Answers how many rows there were. */
  async #relay(): Promise<number> {
    const { store, transport, hearing, outgoing, logger, now } = this.#options;
    if (transport.state !== 'connected' || !hearing.believable) return 0;
    const overdue = await store.takeOverdueOutbox(now(), LEASE_MS, BATCH);
    // Should the store fail from here on, they wait until they are overdue.
    const both = [...outgoing.takeUnconfirmed(BATCH), ...overdue];
    const rows = [...new Map(both.map((row) => [row.id, row])).values()];
    if (rows.length === 0) return 0;
    failpoint('C11');
    const runIds = rows.flatMap((row) => (row.runId === null ? [] : [row.runId]));
    const runs = await store.transaction((transaction) => transaction.lockRuns(runIds));
    const stale = new Set(rows.filter((row) => isStale(row, runs)));
    outgoing.drop([...stale]);
    const rest = rows.filter((row) => !stale.has(row));
    if (rest.length > 0) {
      logger.info({ messages: rest.length, dropped: stale.size }, 'outbox rows published again');
      await outgoing.publish(rest);
    }
    return rows.length;
  }
}

function isStale(row: OutboxRow, runs: ReadonlyMap<string, Run>): boolean {
  if (row.attemptKey === null || row.runId === null) return false;
  const run = runs.get(row.runId);
  if (!run) return true;
  return !openCalls(run).some((call) => attemptKeyOf(call.path, call.attempt) === row.attemptKey);
}
