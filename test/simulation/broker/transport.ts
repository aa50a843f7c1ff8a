import { queueNamed, workQueue } from '../../../shared/transport/topology.ts';
import type {
  ConsumeOptions,
  ExclusiveQueue,
  OutgoingMessage,
  PublishOutcome,
  Subscription,
  Transport,
  TransportState,
} from '../../../shared/transport/transport.ts';
import type { SimulatedProcess } from '../virtual/process.ts';
import type { World } from '../world/world.ts';
import type { SimulatedBroker } from './broker.ts';
import { SimulatedPublisher } from './publisher.ts';
import type { SimulatedQueue } from './queue.ts';
import { SimulatedSubscription } from './subscription.ts';

/** Three missed heartbeats: the broker gives up a process that stands still, a process a broker that is silent. */
const HEARTBEATS_MS = 20_000;

/** One process's connection to the simulated broker: durable, and as unreliable as the world's odds say. */
export class SimulatedTransport implements Transport {
  readonly durable = true;
  readonly userId: string;
  readonly #world: World;
  readonly #broker: SimulatedBroker;
  readonly #process: SimulatedProcess;
  readonly #publisher: SimulatedPublisher;
  readonly #subscriptions = new Set<SimulatedSubscription>();
  #state: TransportState = 'connected';
  #link = 1;
  #lost = false;
  #connected: (() => void)[] = [];

  constructor(
    world: World,
    broker: SimulatedBroker,
    process: SimulatedProcess,
    { userId }: { readonly userId: string },
  ) {
    this.userId = userId;
    this.#world = world;
    this.#broker = broker;
    this.#process = process;
    this.#publisher = new SimulatedPublisher({
      world,
      broker,
      process,
      userId,
      latencyMs: this.#latencyMs,
      open: () => this.#state === 'connected',
      link: () => this.#link,
    });
    process.onDeath(() => world.clock.after(this.#latencyMs(), () => this.#cut(), null));
    process.onPause(() => {
      const link = this.#link;
      const missed = () => {
        if (!process.running && process.alive && link === this.#link) this.lose({});
      };
      world.clock.after(HEARTBEATS_MS, missed, null);
    });
  }

  get state(): TransportState {
    return this.#state;
  }

  publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]> {
    return this.#publisher.publish(messages);
  }

  async consume(name: string, consume: ConsumeOptions): Promise<Subscription> {
    const spec = queueNamed(name);
    if (!spec) throw new Error(`${name} is no queue.`);
    const declare = () => this.#broker.declare(spec, spec.bindings);
    return this.#subscribe(consume, declare, () => {});
  }

  async consumeExclusive(queue: ExclusiveQueue, consume: ConsumeOptions): Promise<Subscription> {
    const { name, bindings, maxLength } = queue;
    const policy = { name, ...(maxLength === undefined ? {} : { dropHeadLength: maxLength }) };
    const declare = () => this.#broker.declare(policy, bindings);
    return this.#subscribe(consume, declare, (declared) => this.#broker.remove(declared));
  }

  async declareWorkQueue(model: string, version: number): Promise<void> {
    await this.#roundTrip();
    const spec = workQueue(model, version);
    this.#broker.declare(spec, spec.bindings);
  }

  async readyCount(queue: string): Promise<number> {
    await this.#roundTrip();
    return this.#broker.queue(queue)?.ready.length ?? 0;
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#cut();
    this.#publisher.close();
  }

  /**
   * The connection breaks. The process notices at once, or after `noticedAfterMs` (half open: it goes on as if nothing were),
   * and is back `awayMs` later.
   */
  lose({
    noticedAfterMs = 0,
    awayMs = 100,
  }: {
    readonly noticedAfterMs?: number;
    readonly awayMs?: number;
  }): void {
    if (this.#lost || this.#state === 'closed' || !this.#process.alive) return;
    const { clock, trace } = this.#world;
    this.#lost = true;
    this.#cut();
    trace.write(this.#process.name, 'connection lost');
    const notice = () => {
      if (this.#state === 'closed') return;
      this.#state = 'connecting';
      trace.write(this.#process.name, 'notices that the connection is lost');
      this.#publisher.lost();
      for (const subscription of this.#subscriptions) subscription.tellLost();
      clock.after(awayMs, () => this.#back(), this.#process);
    };
    clock.after(noticedAfterMs, notice, this.#process);
  }

  /** The broker cancels one consumer; it comes back by itself. */
  cancelConsumer(): void {
    const subscriptions = [...this.#subscriptions].filter(({ closed }) => !closed);
    if (this.#lost || subscriptions.length === 0) return;
    const { clock, trace, chance } = this.#world;
    const subscription = chance.random.pick(subscriptions);
    trace.write(this.#process.name, 'consumer cancelled');
    subscription.detach();
    clock.after(this.#latencyMs(), () => subscription.tellLost(), this.#process);
    const again = () => {
      if (!this.#lost && this.#state !== 'closed' && !subscription.listening) subscription.attach();
    };
    clock.after(chance.between(10, 500), again, this.#process);
  }

  /** The broker takes no publishes for a while. */
  block(forMs: number): void {
    if (this.#state !== 'connected') return;
    this.#state = 'blocked';
    this.#world.trace.write(this.#process.name, 'blocked');
    const unblock = () => {
      if (this.#state !== 'blocked') return;
      this.#state = 'connected';
      this.#publisher.flush();
    };
    this.#world.clock.after(forMs, unblock, this.#process);
  }

  readonly #latencyMs = (): number => this.#world.chance.between(0.2, 3);

  #back(): void {
    if (this.#state === 'closed') return;
    this.#lost = false;
    this.#state = 'connected';
    this.#world.trace.write(this.#process.name, 'connected again');
    for (const subscription of this.#subscriptions) subscription.attach();
    this.#publisher.flush();
    const waiting = this.#connected;
    this.#connected = [];
    for (const tell of waiting) tell();
  }

  /** The broker's side of a loss. */
  #cut(): void {
    this.#link += 1;
    for (const subscription of this.#subscriptions) subscription.detach();
  }

  async #subscribe(
    consume: ConsumeOptions,
    declare: () => SimulatedQueue,
    release: (queue: SimulatedQueue) => void,
  ): Promise<Subscription> {
    await this.#roundTrip();
    const subscription = new SimulatedSubscription({
      world: this.#world,
      process: this.#process,
      consume,
      declare,
      release,
      latencyMs: this.#latencyMs,
      onError: (error) => {
        this.#world.trace.write(this.#process.name, `batch failed: ${error.message}`);
        this.#world.violations.push(
          `${this.#process.name}: a batch was rejected: ${error.message}`,
        );
      },
    });
    this.#subscriptions.add(subscription);
    subscription.attach();
    return subscription;
  }

  /** A question and its answer; what a lost connection swallows is asked again on the next. */
  async #roundTrip(): Promise<void> {
    for (;;) {
      if (this.#state === 'connecting') await new Promise<void>((go) => this.#connected.push(go));
      const link = this.#link;
      await this.#world.clock.wait(2 * this.#latencyMs(), this.#process);
      if (link === this.#link) return;
      if (this.#lost && this.#state !== 'connecting') {
        await new Promise<void>((go) => this.#connected.push(go));
      }
    }
  }
}
