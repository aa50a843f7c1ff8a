import type { Client } from '../../../shared/client/client.ts';
import { connectClient } from '../../../shared/client/client.ts';
import type { Result } from '../../../shared/envelope/envelope.ts';
import { runIdOf } from '../../../shared/envelope/ids.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { evaluate } from '../../chaos/flows/evaluate.ts';
import type { Expected, FlowShape } from '../../chaos/flows/shape.ts';
import { PRIME } from '../../chaos/models/arithmetic.ts';
import { Random } from '../../chaos/plan/random.ts';
import type { Launch, Service } from './slot.ts';
import { traceLogger } from './trace-logger.ts';
import type { World } from './world.ts';

const PATIENCE_MS = 24 * 3_600_000;

/** A job, and when it is submitted. */
export interface SubmittedJob {
  readonly id: string;
  readonly run: string;
  readonly flow: { readonly name: string };
  readonly payload: JsonObject;
  readonly atMs: number;
  /** It is submitted a second time then. */
  readonly againAtMs: number | undefined;
  /** From `atMs` on. */
  readonly deadlineMs: number | undefined;
}

/** A job, and how it must end. A deadline is short enough to pass in trouble: the run may end `timed_out` then. */
export interface PlannedJob extends SubmittedJob {
  readonly flow: FlowShape;
  readonly expected: Expected;
}

export function planJobs(seed: number, flows: readonly FlowShape[], untilMs: number): PlannedJob[] {
  const random = new Random(seed, 'jobs');
  return Array.from({ length: 2 + random.below(4) }, (_, number) => {
    const flow = random.pick(flows);
    const list = Array.from({ length: 1 + random.below(5) }, () => random.below(PRIME));
    const payload = { x: random.below(PRIME), y: random.below(PRIME), list };
    const atMs = random.below(untilMs);
    const id = `job-${seed}-${number}`;
    const deadlineMs = random.chance(15) ? 1_000 + random.below(20_000) : undefined;
    const again = random.chance(25);
    return {
      id,
      run: runIdOf('default', 'client', id),
      flow,
      payload,
      atMs,
      againAtMs: again ? atMs + random.below(untilMs) : undefined,
      deadlineMs,
      expected: evaluate(flow, payload),
    };
  });
}

/** Submits the jobs and waits for their results, through the real client. */
export class Submitter implements Service {
  /** By job id. */
  readonly results = new Map<string, Result>();
  readonly #world: World;
  readonly #jobs: readonly SubmittedJob[];

  constructor(world: World, jobs: readonly SubmittedJob[]) {
    this.#world = world;
    this.#jobs = jobs;
  }

  async launch({ process, transport }: Launch): Promise<Service> {
    const client = await connectClient({ transport, logger: traceLogger(this.#world, process) });
    for (const job of this.#jobs) {
      void this.#bring(client, job);
      if (job.againAtMs !== undefined) void this.#submit(client, job, job.againAtMs);
    }
    return this;
  }

  async stop(): Promise<void> {}

  async #bring(client: Client, job: SubmittedJob): Promise<void> {
    await this.#submit(client, job, job.atMs);
    const result = await client.result(job.id, { timeoutMs: PATIENCE_MS });
    this.#world.trace.write('client', `result of ${job.id}: ${result.run.status}`);
    this.results.set(job.id, result);
  }

  /** As a client does that means it: again until the broker has it. */
  async #submit(client: Client, job: SubmittedJob, atMs: number): Promise<void> {
    const { id, flow, payload, deadlineMs } = job;
    const { clock, trace } = this.#world;
    await pause(Math.max(1, atMs - clock.elapsedMs));
    for (;;) {
      try {
        // The same instant, however often it is submitted.
        const leftMs = (deadlineMs ?? 0) + job.atMs - clock.elapsedMs;
        const deadline = deadlineMs === undefined ? {} : { deadlineMs: Math.max(1, leftMs) };
        const options = { id, ...deadline };
        await client.submit(flow.name, payload, options);
        trace.write('client', `submitted ${id}`);
        return;
      } catch (error) {
        trace.write('client', `not submitted ${id}: ${String(error)}`);
        await pause(500);
      }
    }
  }
}

function pause(forMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forMs));
}
