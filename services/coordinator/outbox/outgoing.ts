import { describe } from '../../../shared/errors/describe.ts';
import { failpoint, failpointOnceWritten } from '../../../shared/failpoints/failpoint.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { Transport } from '../../../shared/transport/transport.ts';
import { isHeavy } from '../artifacts/heavy-rows.ts';
import { outgoingOf } from '../messages.ts';
import type { OutboxRow } from '../store/store.ts';

/** Above this many messages on their way, consumers wait: without it a slow broker fills the memory. */
const MAX_ON_THE_WAY = 2_000;
/** Rows kept because nobody knows whether they arrived; those beyond it are published when they are overdue. */
const MAX_UNCONFIRMED = 2_000;

/** Messages of committed outbox rows on their way to the broker, the ids of those that arrived, and what may not have. */
export class Outgoing {
  readonly #transport: Transport;
  readonly #logger: Logger;
  /** Told when there are ids to delete and nobody may come by to take them along. */
  readonly #onConfirmed: () => void;
  /** Moves what is large of a message to the artifact store. */
  readonly #lighten: (row: OutboxRow) => Promise<OutboxRow>;
  #confirmed: string[] = [];
  #unconfirmed: OutboxRow[] = [];
  #onTheWay = 0;
  #waiting: (() => void)[] = [];

  constructor(
    transport: Transport,
    logger: Logger,
    onConfirmed: () => void,
    lighten: (row: OutboxRow) => Promise<OutboxRow> = async (row) => row,
  ) {
    this.#transport = transport;
    this.#logger = logger;
    this.#onConfirmed = onConfirmed;
    this.#lighten = lighten;
  }

  /** Publishes rows; what is not confirmed stays in the outbox, and the relay publishes it again. Never rejects. */
  async publish(rows: readonly OutboxRow[]): Promise<void> {
    if (!rows.some(isHeavy)) return this.#publish(rows);
    const others = rows.filter((row) => !isHeavy(row));
    // Nobody waits for the store but who needs it.
    await Promise.all([
      ...(others.length > 0 ? [this.#publish(others)] : []),
      ...rows.filter(isHeavy).map((row) => this.#publishLight(row)),
    ]);
  }

  async #publishLight(row: OutboxRow): Promise<void> {
    this.#onTheWay += 1;
    try {
      await this.#publish([await this.#lighten(row)]);
    } catch (error) {
      const { code, message } = describe(error);
      this.#logger.warn({ ...aboutRow(row, 'heavy'), code }, `not published: ${message}`);
    } finally {
      this.#onTheWay -= 1;
      this.#wake();
    }
  }

  async #publish(rows: readonly OutboxRow[]): Promise<void> {
    this.#onTheWay += rows.length;
    try {
      failpoint('C3');
      const published = this.#transport.publish(rows.map(outgoingOf));
      failpointOnceWritten('C4');
      const outcomes = await published;
      failpoint('C5');
      for (const [index, outcome] of outcomes.entries()) {
        const row = rows[index];
        if (!row) continue;
        if (outcome.status === 'confirmed') {
          this.#confirmed.push(row.id);
          continue;
        }
        const about = aboutRow(row, outcome.status);
        this.#logger.warn(about, `not published: ${outcome.error.message}`);
        if (outcome.status === 'unconfirmed') this.#keepUnconfirmed(row);
      }
    } finally {
      this.#onTheWay -= rows.length;
      this.#wake();
    }
    if (this.#confirmed.length > 0) this.#onConfirmed();
  }

  /** Rows that need not be published any more. */
  drop(rows: readonly OutboxRow[]): void {
    for (const row of rows) this.#confirmed.push(row.id);
    if (rows.length > 0) this.#onConfirmed();
  }

  /** Rows whose message was lost with its connection, perhaps; whoever takes them publishes them again. */
  takeUnconfirmed(limit: number): readonly OutboxRow[] {
    return this.#unconfirmed.splice(0, limit);
  }

  get hasUnconfirmed(): boolean {
    return this.#unconfirmed.length > 0;
  }

  /** Ids of rows to delete in the transaction at hand. */
  takeConfirmed(): readonly string[] {
    const confirmed = this.#confirmed;
    this.#confirmed = [];
    return confirmed;
  }

  /** They were not deleted after all. */
  giveBackConfirmed(ids: readonly string[]): void {
    this.#confirmed.push(...ids);
  }

  get hasConfirmed(): boolean {
    return this.#confirmed.length > 0;
  }

  /** Resolves when another batch may be published. */
  async room(): Promise<void> {
    while (this.#onTheWay > MAX_ON_THE_WAY) await this.#change();
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    while (this.#onTheWay > 0) await this.#change();
  }

  #keepUnconfirmed(row: OutboxRow): void {
    if (this.#unconfirmed.length < MAX_UNCONFIRMED) this.#unconfirmed.push(row);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

function aboutRow(row: OutboxRow, status: string): object {
  const [step, attempt] = row.attemptKey?.split('#') ?? [];
  return { run: row.runId, step, attempt, type: row.type, routingKey: row.routingKey, status };
}
