import type { SimulatedBroker } from '../broker/broker.ts';
import { SimulatedTransport } from '../broker/transport.ts';
import { SimulatedProcess } from '../virtual/process.ts';
import type { World } from './world.ts';

/** What runs in a process. */
export interface Service {
  /** SIGTERM. */
  stop(): Promise<void>;
}

export interface Launch {
  readonly process: SimulatedProcess;
  readonly transport: SimulatedTransport;
}

export interface SlotOptions {
  readonly world: World;
  readonly broker: SimulatedBroker;
  readonly name: string;
  readonly userId: string;
  readonly launch: (launch: Launch) => Promise<Service>;
}

/** A place in the fleet: when its process ends, for whatever reason, another one takes it after a while. */
export class Slot {
  readonly name: string;
  readonly #options: SlotOptions;
  #number = 0;
  #process: SimulatedProcess;
  #transport: SimulatedTransport;
  #service: Service | undefined;
  #awayMs: number | undefined;

  constructor(options: SlotOptions) {
    this.name = options.name;
    this.#options = options;
    [this.#process, this.#transport] = this.#begin();
  }

  get process(): SimulatedProcess {
    return this.#process;
  }

  get transport(): SimulatedTransport {
    return this.#transport;
  }

  /** kill -9. Another process takes the place after `awayMs`, or when chance says. */
  kill(awayMs?: number): void {
    this.#awayMs = awayMs;
    this.#process.kill();
  }

  pause(forMs: number): void {
    const { world } = this.#options;
    const process = this.#process;
    world.trace.write(process.name, `paused for ${forMs.toFixed(0)} ms`);
    process.pause();
    world.clock.after(forMs, () => this.#resume(process), null);
  }

  /** Wakes it, where it is paused. */
  resume(): void {
    this.#resume(this.#process);
  }

  /** SIGTERM: the process drains and ends. Another one takes the place `awayMs` later, or when chance says. */
  stop(awayMs?: number): void {
    this.#awayMs = awayMs;
    const process = this.#process;
    const transport = this.#transport;
    const service = this.#service;
    if (!service) return;
    this.#service = undefined;
    this.#options.world.trace.write(process.name, 'told to stop');
    process.run(() => {
      const ended = service.stop().then(() => transport.close());
      ended.then(
        () => process.kill(),
        (error) => this.#crashed(process, error),
      );
    });
  }

  #resume(process: SimulatedProcess): void {
    const { world } = this.#options;
    const missed = process.resume();
    if (missed.length > 0) world.trace.write(process.name, 'goes on');
    for (const work of missed) world.clock.after(0, work, process);
  }

  #begin(): [SimulatedProcess, SimulatedTransport] {
    const { world, broker, name, userId, launch } = this.#options;
    this.#number += 1;
    const process = new SimulatedProcess(`${name}-${this.#number}`);
    const transport = new SimulatedTransport(world, broker, process, { userId });
    this.#service = undefined;
    process.onDeath(() => {
      const again = () => {
        [this.#process, this.#transport] = this.#begin();
      };
      world.clock.after(this.#awayMs ?? world.chance.between(200, 4_000), again, null);
      this.#awayMs = undefined;
    });
    world.trace.write(process.name, 'starts');
    process.run(() => {
      launch({ process, transport }).then(
        (service) => {
          this.#service = service;
        },
        (error) => this.#crashed(process, error),
      );
    });
    return [process, transport];
  }

  /** It ends by itself, as a process does that cannot start. */
  #crashed(process: SimulatedProcess, error: unknown): void {
    this.#options.world.trace.write(process.name, `ends: ${String(error)}`);
    process.kill();
  }
}
