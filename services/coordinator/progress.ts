import { openDelivery } from '../../shared/envelope/open-delivery.ts';
import { FleetError } from '../../shared/errors/errors.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { exchange, routingKey } from '../../shared/transport/topology.ts';
import type { Delivery, OutgoingMessage, Transport } from '../../shared/transport/transport.ts';
import type { Run } from './engine/run.ts';
import type { Store } from './store/store.ts';

/** Runs remembered, so that a stream of tokens does not read the store for each. */
const MAX_REMEMBERED = 10_000;

type Watched = Pick<Run, 'flow' | 'client' | 'correlationId' | 'watch'>;

/** Passes progress on to the clients of watched runs: not confirmed, never stored, late or lost without harm. */
export class ProgressRelay {
  readonly #store: Store;
  readonly #transport: Transport;
  readonly #logger: Logger;
  readonly #runs = new Map<string, Watched>();

  constructor(store: Store, transport: Transport, logger: Logger) {
    this.#store = store;
    this.#transport = transport;
    this.#logger = logger;
  }

  /** Remembers an open run, forgets one that has ended. */
  noteRun(run: Run): void {
    if (run.finishedAtMs !== null) this.#runs.delete(run.id);
    else if (run.watch) this.#remember(run.id, run);
  }

  /** Never rejects for a message's sake. */
  async handle(deliveries: readonly Delivery[]): Promise<void> {
    const messages: OutgoingMessage[] = [];
    for (const delivery of deliveries) {
      const message = await this.#forwarded(delivery);
      if (message) messages.push(message);
    }
    if (messages.length > 0) void this.#transport.publish(messages).catch(() => {});
  }

  async #forwarded(delivery: Delivery): Promise<OutgoingMessage | undefined> {
    try {
      const progress = openDelivery('progress', delivery);
      // Its queue is everybody's: no model tells what another one does.
      if (delivery.routingKey !== routingKey.progress(progress.step.model)) return undefined;
      const run = await this.#find(progress.step.run);
      if (!run?.watch) return undefined;
      return {
        exchange: exchange.results,
        routingKey: routingKey.result(run.flow, 'progress', run.client),
        body: delivery.body,
        messageId: progress.id,
        type: 'progress',
        correlationId: run.correlationId,
        headers: delivery.headers,
        persistent: false,
      };
    } catch (error) {
      const code = error instanceof FleetError ? error.code : 'unexpected_error';
      this.#logger.debug({ code, messageId: delivery.messageId }, 'progress dropped');
      return undefined;
    }
  }

  async #find(runId: string): Promise<Watched | undefined> {
    const known = this.#runs.get(runId);
    if (known) return known;
    const run = await this.#store.findRun(runId);
    if (run) this.#remember(runId, run);
    return run;
  }

  #remember(runId: string, { flow, client, correlationId, watch }: Watched): void {
    this.#runs.set(runId, { flow, client, correlationId, watch });
    const [oldest] = this.#runs.keys();
    if (this.#runs.size > MAX_REMEMBERED && oldest !== undefined) this.#runs.delete(oldest);
  }
}
