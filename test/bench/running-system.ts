import type { LoadFigures } from './load.ts';
import { BenchProcess, type ProcessPlan, type Role } from './process/bench-process.ts';
import type { Usage } from './process/orders.ts';
import type { ScenarioName } from './scenarios.ts';

export type UsageOf = Usage & { readonly role: Role };

export function usagesOf(processes: readonly BenchProcess[]): Promise<readonly UsageOf[]> {
  return Promise.all(processes.map(async (each) => ({ role: each.role, ...(await each.usage()) })));
}

/** A system that finishes jobs, as processes; its client runs the load. */
export class RunningSystem {
  readonly #processes: readonly BenchProcess[];
  readonly #cleanUp: () => Promise<void>;

  /** Resolves when every process is ready. What `cleanUp` removes is removed after the last of them. */
  static async start(
    plans: readonly ProcessPlan[],
    cleanUp: () => Promise<void> = async () => {},
  ): Promise<RunningSystem> {
    const starts = await Promise.allSettled(plans.map((plan) => BenchProcess.start(plan)));
    const processes = starts.flatMap((start) =>
      start.status === 'fulfilled' ? [start.value] : [],
    );
    const system = new RunningSystem(processes, cleanUp);
    const failed = starts.find((start) => start.status === 'rejected');
    if (!failed) return system;
    await system.stop();
    throw failed.reason;
  }

  private constructor(processes: readonly BenchProcess[], cleanUp: () => Promise<void>) {
    this.#processes = processes;
    this.#cleanUp = cleanUp;
  }

  load(scenario: ScenarioName, jobs: number, inFlight: number): Promise<LoadFigures> {
    return this.#client.load({ scenario, jobs, inFlight });
  }

  usage(): Promise<readonly UsageOf[]> {
    return usagesOf(this.#processes);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((each) => each.stop()));
    await this.#cleanUp();
  }

  get #client(): BenchProcess {
    const client = this.#processes.find(({ role }) => role === 'client');
    if (!client) throw new Error('a system without a client cannot be measured');
    return client;
  }
}
