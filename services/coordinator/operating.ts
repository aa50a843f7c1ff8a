import type { Delivery, Transport } from '../../shared/transport/transport.ts';
import type { Access } from './access/access.ts';
import type { Commits } from './commits.ts';
import { drainDeadLetters } from './dead-letters/drain.ts';
import { Replays } from './dead-letters/replays.ts';
import { answerOperations } from './operations/operations.ts';
import type { Pauses } from './pauses.ts';
import type { Desk } from './transition.ts';

export interface OperatingOptions extends Desk {
  readonly transport: Transport;
  readonly commits: Commits;
  readonly pauses: Pauses;
  readonly access: Access;
  readonly instance: string;
}

/** What operators see and do: their operations, and the dead letters. */
export class Operating {
  readonly #options: OperatingOptions;
  readonly #replays: Replays;

  constructor(options: OperatingOptions) {
    this.#options = options;
    this.#replays = new Replays(options);
  }

  /** Goes on with what operators began. */
  start(): void {
    this.#replays.start();
  }

  stop(): Promise<void> {
    return this.#replays.stop();
  }

  /** Answers a batch of the operations queue; acknowledge when it resolves. */
  answer(deliveries: readonly Delivery[]): Promise<void> {
    return answerOperations(deliveries, this.#options);
  }

  /** Takes a batch of a dead queue in; acknowledge when it resolves. */
  drain(deliveries: readonly Delivery[]): Promise<void> {
    return drainDeadLetters(deliveries, this.#options);
  }
}
