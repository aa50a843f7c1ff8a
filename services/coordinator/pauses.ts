import { newId } from '../../shared/envelope/ids.ts';
import type { JsonObject } from '../../shared/envelope/json.ts';
import { message } from '../../shared/envelope/message.ts';
import { exchange, routingKey } from '../../shared/transport/topology.ts';
import type { Transport } from '../../shared/transport/transport.ts';
import type { ModelBook } from './model-book.ts';
import type { Store } from './store/store.ts';

/** Who stopped a model, and why; coordinators share it as the document `model/<name>`. */
export interface Pause {
  readonly paused: boolean;
  readonly by: string;
  readonly reason: string | null;
  readonly atMs: number;
}

export interface PausesOptions {
  readonly store: Store;
  readonly transport: Transport;
  readonly models: ModelBook;
  readonly now: () => number;
}

const PREFIX = 'model/';

/** What was ever said of models, by name. */
export async function readPauses(
  store: Pick<Store, 'readDocuments'>,
): Promise<ReadonlyMap<string, Pause>> {
  const documents = await store.readDocuments(PREFIX);
  return new Map(
    [...documents].map(([key, document]) => [
      key.slice(PREFIX.length),
      document as unknown as Pause,
    ]),
  );
}

/**
 * Models that an operator has stopped. Coordinators send them no more requests, and their workers take none of those that wait:
 * these stay in the queue until the model is let go on.
 */
export class Pauses {
  readonly #options: PausesOptions;

  constructor(options: PausesOptions) {
    this.#options = options;
  }

  /** Knows what was written down, by whichever coordinator. */
  async restore(): Promise<void> {
    const { models, store } = this.#options;
    for (const [model, { paused }] of await readPauses(store)) models.setPaused(model, paused);
  }

  /** Stops a model or lets it go on; resolves when that is written down. Workers are told, and told again when they announce themselves. */
  async set(model: string, pause: Omit<Pause, 'atMs'>): Promise<void> {
    const { store, models, now } = this.#options;
    await store.changeDocument(`${PREFIX}${model}`, (known): JsonObject => {
      // Said twice it is as it was first said.
      if (known !== undefined && known['paused'] === pause.paused) return known;
      return { ...pause, atMs: now() };
    });
    models.setPaused(model, pause.paused);
    this.tell(model, pause.paused);
  }

  /** A worker says that it is there. */
  heard(model: string): void {
    if (this.#options.models.isPaused(model)) this.tell(model, true);
  }

  /** Nobody waits for it: what is lost is said again. */
  tell(model: string, paused: boolean): void {
    const { transport, now } = this.#options;
    const timestamp = new Date(now()).toISOString();
    const word = message({
      type: 'control',
      exchange: exchange.control,
      routingKey: routingKey.state(model),
      persistent: false,
      envelope: { id: newId(), timestamp, payload: { paused }, context: {} },
    });
    transport.publish([word]).catch(() => {});
  }
}
