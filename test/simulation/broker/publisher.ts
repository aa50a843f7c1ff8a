import { TransportError } from '../../../shared/errors/errors.ts';
import type { OutgoingMessage, PublishOutcome } from '../../../shared/transport/transport.ts';
import type { Scheduled } from '../virtual/clock.ts';
import type { SimulatedProcess } from '../virtual/process.ts';
import { maybeCrash, type World } from '../world/world.ts';
import type { SimulatedBroker } from './broker.ts';
import { nameOf } from './message.ts';

const CONFIRM_TIMEOUT_MS = 10_000;

interface Entry {
  readonly message: OutgoingMessage;
  readonly settle: (outcome: PublishOutcome) => void;
}

export interface PublisherOptions {
  readonly world: World;
  readonly broker: SimulatedBroker;
  readonly process: SimulatedProcess;
  readonly userId: string;
  readonly latencyMs: () => number;
  /** True while the process believes that it may publish. */
  readonly open: () => boolean;
  /** Changes with each loss, when it happens and not when it is noticed. */
  readonly link: () => number;
}

/** The way of messages to the broker and of confirms back; everything that can go wrong on it. */
export class SimulatedPublisher {
  readonly #options: PublisherOptions;
  readonly #waiting = new Set<Entry>();
  readonly #sent = new Set<Entry>();

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]> {
    const { world, process } = this.#options;
    maybeCrash(world, process, 'before it published');
    const outcomes = messages.map((message) => this.#publish(message));
    maybeCrash(world, process, 'after it published');
    return Promise.all(outcomes);
  }

  /** The way is open again. */
  flush(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const entry of waiting) this.#send(entry);
  }

  /** The process has learned of a loss: what was sent is in doubt. */
  lost(): void {
    for (const entry of this.#sent) entry.settle(unconfirmed('connection_lost'));
  }

  close(): void {
    this.lost();
    for (const entry of this.#waiting) entry.settle(unconfirmed('transport_closed'));
  }

  #publish(message: OutgoingMessage): Promise<PublishOutcome> {
    const { world, process, open } = this.#options;
    const { promise, resolve } = Promise.withResolvers<PublishOutcome>();
    let timer: Scheduled | undefined;
    const entry: Entry = {
      message,
      settle: (outcome) => {
        if (timer) timer.cancelled = true;
        this.#waiting.delete(entry);
        this.#sent.delete(entry);
        resolve(outcome);
      },
    };
    const late = () => entry.settle(unconfirmed('confirm_timeout'));
    timer = world.clock.after(CONFIRM_TIMEOUT_MS, late, process);
    if (open()) this.#send(entry);
    else this.#waiting.add(entry);
    return promise;
  }

  #send(entry: Entry): void {
    const { world, process, latencyMs, link } = this.#options;
    const { chance, clock, trace } = world;
    this.#sent.add(entry);
    if (chance.happens('drop')) {
      trace.write(process.name, `lost on the way: ${nameOf(entry.message)}`);
      return;
    }
    const onLink = link();
    const delayMs = chance.happens('delay') ? chance.upTo(15_000) : 0;
    clock.after(latencyMs() + delayMs, () => this.#arrive(entry, onLink), null);
  }

  #arrive(entry: Entry, onLink: number): void {
    const { world, broker, process, userId, latencyMs, link } = this.#options;
    const { chance, clock, trace } = world;
    const { message } = entry;
    const isLost = () => link() !== onLink;
    // What was on the way when the connection broke may or may not have reached the broker.
    if (isLost() && chance.random.chance(50)) {
      trace.write(process.name, `lost with the connection: ${nameOf(message)}`);
      return;
    }
    const queues = broker.route(message, userId);
    trace.write(process.name, `published ${nameOf(message)} → ${message.routingKey} (${queues})`);
    if (chance.happens('duplicate')) {
      const again = () => {
        trace.write(process.name, `duplicate ${nameOf(message)}`);
        broker.route(message, userId);
      };
      clock.after(chance.upTo(5_000), again, null);
    }
    maybeCrash(world, process, 'before the confirm');
    if (chance.happens('silence')) {
      trace.write(process.name, `confirm lost: ${nameOf(message)}`);
      return;
    }
    const outcome = queues === 0 && message.mandatory ? unroutable(message) : confirmed;
    const confirm = () => {
      if (isLost()) return;
      world.durability.confirmed(message);
      entry.settle(outcome);
    };
    clock.after(latencyMs(), confirm, process);
  }
}

const confirmed: PublishOutcome = { status: 'confirmed' };

function unconfirmed(code: string): PublishOutcome {
  return { status: 'unconfirmed', error: new TransportError(code, 'The message is in doubt.') };
}

function unroutable({ exchange, routingKey }: OutgoingMessage): PublishOutcome {
  const text = `No queue takes messages to ${exchange} with routing key ${routingKey}.`;
  return { status: 'unroutable', error: new TransportError('unroutable', text) };
}
