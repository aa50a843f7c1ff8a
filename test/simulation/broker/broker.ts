import { TopicExchange } from '../../../shared/transport/memory/routing.ts';
import { exchange, exchanges, staticQueues } from '../../../shared/transport/topology.ts';
import type { OutgoingMessage } from '../../../shared/transport/transport.ts';
import type { World } from '../world/world.ts';
import { headersOf, nameOf, type QueuedMessage } from './message.ts';
import { type Death, type QueuePolicy, SimulatedQueue } from './queue.ts';

interface Binding {
  readonly exchange: string;
  readonly routingKey: string;
}

/** The broker of the simulated fleet: it forgets nothing that it has confirmed. */
export class SimulatedBroker {
  readonly #world: World;
  readonly #exchanges = new Map(
    exchanges.map(({ name }) => [name, new TopicExchange<SimulatedQueue>()] as const),
  );
  readonly #queues = new Map<string, SimulatedQueue>();
  #messages = 0;

  constructor(world: World) {
    this.#world = world;
    for (const spec of staticQueues) this.declare(spec, spec.bindings);
  }

  declare(policy: QueuePolicy, bindings: readonly Binding[]): SimulatedQueue {
    const known = this.#queues.get(policy.name);
    if (known) return known;
    const queue = new SimulatedQueue(this.#world, policy, this.#deadLetter);
    this.#queues.set(policy.name, queue);
    for (const binding of bindings) {
      this.#exchanges.get(binding.exchange)?.bind(queue, binding.routingKey);
    }
    return queue;
  }

  remove(queue: SimulatedQueue): void {
    this.#queues.delete(queue.policy.name);
    for (const topic of this.#exchanges.values()) topic.unbind(queue);
  }

  get queues(): readonly SimulatedQueue[] {
    return [...this.#queues.values()];
  }

  /** Those that outlive their consumers. */
  get durableQueues(): readonly SimulatedQueue[] {
    const names = new Set(staticQueues.map(({ name }) => name));
    return this.queues.filter(
      ({ policy: { name } }) => names.has(name) || name.startsWith('work.'),
    );
  }

  queue(name: string): SimulatedQueue | undefined {
    return this.#queues.get(name);
  }

  /** Puts a message into its queues. Answers how many took it. */
  route(message: OutgoingMessage, userId: string | undefined): number {
    const queues = this.#exchanges.get(message.exchange)?.route(message.routingKey) ?? [];
    const nowMs = this.#world.clock.elapsedMs;
    for (const queue of queues) {
      const ages = [message.expirationMs, queue.policy.messageTtlMs, Number.POSITIVE_INFINITY];
      const maxAgeMs = Math.min(...ages.filter((age) => age !== undefined));
      this.#messages += 1;
      queue.push({
        number: this.#messages,
        exchange: message.exchange,
        routingKey: message.routingKey,
        message,
        headers: headersOf(message),
        userId,
        expiresAtMs: nowMs + maxAgeMs,
        deliveryCount: 0,
      });
    }
    return queues.length;
  }

  readonly #deadLetter = (message: QueuedMessage, queue: SimulatedQueue, why: Death): void => {
    const { deadLetterKey, name } = queue.policy;
    this.#world.trace.write('broker', `dead in ${name} (${why}): ${nameOf(message.message)}`);
    if (deadLetterKey === undefined) return;
    const targets = this.#exchanges.get(exchange.dead)?.route(deadLetterKey) ?? [];
    for (const target of targets) {
      target.push({
        ...message,
        exchange: exchange.dead,
        routingKey: deadLetterKey,
        headers: {
          'x-first-death-exchange': message.exchange,
          'x-first-death-queue': name,
          'x-first-death-reason': why,
          ...message.headers,
        },
        expiresAtMs: Number.POSITIVE_INFINITY,
        deliveryCount: 0,
      });
    }
  };
}
