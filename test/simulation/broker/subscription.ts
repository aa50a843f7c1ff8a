import type {
  ConsumeOptions,
  Delivery,
  Settlement,
  Subscription,
} from '../../../shared/transport/transport.ts';
import type { SimulatedProcess } from '../virtual/process.ts';
import { maybeCrash, type World } from '../world/world.ts';
import { nameOf, type QueuedMessage, SimulatedDelivery } from './message.ts';
import type { QueueConsumer, SimulatedQueue } from './queue.ts';

export interface SubscriptionOptions {
  readonly world: World;
  readonly process: SimulatedProcess;
  readonly consume: ConsumeOptions;
  /** The queue, made when it is not there. */
  readonly declare: () => SimulatedQueue;
  /** What happens to the queue when its consumer is lost. */
  readonly release: (queue: SimulatedQueue) => void;
  readonly latencyMs: () => number;
  readonly onError: (error: Error) => void;
}

/**
 * One consumer. The broker's view (`#session`) and the process's own (`listening`) differ for a while after each loss, as they
 * do in life: what is settled then is settled in vain.
 */
export class SimulatedSubscription implements Subscription {
  readonly #options: SubscriptionOptions;
  #session: Session | undefined;
  /** What this process may settle, and on which session it came. */
  #held = new Map<Delivery, Session>();
  #listening = false;
  #state: 'listening' | 'paused' | 'closed' = 'listening';
  #running = 0;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  get listening(): boolean {
    return this.#listening && this.#state === 'listening';
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }

  /** The broker has the consumer again. */
  attach(): void {
    if (this.#state === 'closed') return;
    this.detach();
    const queue = this.#options.declare();
    this.#session = new Session(queue, this.#options.consume.prefetch, {
      busy: () => this.#options.consume.serial === true && this.#running > 0,
      arrive: (messages, session) => this.#arrive(messages, session),
    });
    this.#listening = true;
    if (this.#state === 'listening') queue.add(this.#session);
  }

  /** The broker has lost the consumer: what is not settled goes back at once; the process is told later. */
  detach(): void {
    const session = this.#session;
    this.#session = undefined;
    if (!session) return;
    session.end();
    this.#options.release(session.queue);
  }

  /** The process learns of it. */
  tellLost(): void {
    if (!this.#listening || this.#state === 'closed' || this.#session) return;
    this.#listening = false;
    this.#held.clear();
    this.#options.consume.onLost?.();
  }

  settle(deliveries: readonly Delivery[], as: Settlement): void {
    const bySession = new Map<Session, SimulatedDelivery[]>();
    for (const delivery of deliveries) {
      const session = this.#held.get(delivery);
      if (!session || !(delivery instanceof SimulatedDelivery)) continue;
      this.#held.delete(delivery);
      bySession.set(session, [...(bySession.get(session) ?? []), delivery]);
    }
    const { world, process, latencyMs } = this.#options;
    for (const [session, settled] of bySession) {
      for (const delivery of settled) {
        const { queued } = delivery;
        const name = nameOf(queued.message);
        world.trace.write(process.name, `${as} #${queued.number} ${name}`);
        const isSafe = session.queue.policy.name.startsWith('dead.')
          ? world.durability.mayBeForgotten(delivery)
          : world.durability.mayBeAcked(queued.message, queued.userId);
        if (as === 'ack' && !isSafe) {
          world.violations.push(`I8 ${process.name} acknowledged ${name} before it was safe`);
        }
      }
      const messages = settled.map(({ queued }) => queued);
      world.clock.after(latencyMs(), () => session.settle(messages, as), null);
    }
    if (bySession.size > 0) maybeCrash(world, process, `after ${as}`);
  }

  async pause(): Promise<void> {
    if (this.#state !== 'listening') return;
    this.#state = 'paused';
    this.#session?.queue.remove(this.#session);
  }

  async resume(): Promise<void> {
    if (this.#state !== 'paused') return;
    this.#state = 'listening';
    this.#session?.queue.add(this.#session);
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#held.clear();
    this.detach();
  }

  #arrive(messages: readonly QueuedMessage[], session: Session): void {
    const { world, process, latencyMs } = this.#options;
    const give = () => {
      if (this.#session !== session || this.#state === 'closed') return;
      if (this.#state === 'paused') return session.settle(messages, 'requeue');
      const deliveries = messages.map((message) => new SimulatedDelivery(message));
      for (const delivery of deliveries) this.#held.set(delivery, session);
      for (const { queued } of deliveries) {
        const again = queued.deliveryCount > 0 ? ` (again, ${queued.deliveryCount})` : '';
        world.trace.write(process.name, `got #${queued.number} ${nameOf(queued.message)}${again}`);
      }
      maybeCrash(world, process, 'with a delivery');
      if (process.alive) void this.#handle(deliveries);
    };
    this.#running += 1;
    world.clock.after(
      latencyMs(),
      () => {
        give();
        this.#running -= 1;
        session.queue.schedule();
      },
      process,
    );
  }

  async #handle(deliveries: readonly SimulatedDelivery[]): Promise<void> {
    this.#running += 1;
    try {
      await this.#options.consume.onBatch(deliveries);
    } catch (error) {
      this.#options.onError(error instanceof Error ? error : new Error(String(error)));
    }
    this.#running -= 1;
    this.#session?.queue.schedule();
  }
}

/** The process behind a session. */
interface SessionProcess {
  readonly busy: () => boolean;
  readonly arrive: (messages: readonly QueuedMessage[], session: Session) => void;
}

/** A consumer as the broker knows it, from one loss to the next. */
class Session implements QueueConsumer {
  readonly queue: SimulatedQueue;
  readonly #prefetch: number;
  readonly #unsettled = new Set<QueuedMessage>();
  readonly #process: SessionProcess;
  #ended = false;

  constructor(queue: SimulatedQueue, prefetch: number, process: SessionProcess) {
    this.queue = queue;
    this.#prefetch = prefetch;
    this.#process = process;
  }

  get credit(): number {
    return this.#process.busy() ? 0 : this.#prefetch - this.#unsettled.size;
  }

  get unsettled(): number {
    return this.#unsettled.size;
  }

  deliver(messages: readonly QueuedMessage[]): void {
    for (const message of messages) this.#unsettled.add(message);
    this.#process.arrive(messages, this);
  }

  settle(messages: readonly QueuedMessage[], as: Settlement): void {
    if (this.#ended) return;
    const back: QueuedMessage[] = [];
    for (const message of messages) {
      if (!this.#unsettled.delete(message)) continue;
      if (as === 'requeue') back.push(message);
      else if (as === 'reject') this.queue.reject(message);
    }
    this.queue.giveBack(back);
    this.queue.schedule();
  }

  end(): void {
    this.#ended = true;
    this.queue.remove(this);
    const back = [...this.#unsettled];
    this.#unsettled.clear();
    this.queue.giveBack(back);
  }
}
