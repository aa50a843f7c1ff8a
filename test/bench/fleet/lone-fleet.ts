import type { JsonObject } from '../../../shared/envelope/json.ts';
import { eventually } from '../../support/eventually.ts';
import type { LoadFigures } from '../load.ts';
import type { Lent, Place } from '../place.ts';
import { BenchProcess } from '../process/bench-process.ts';
import type { Counts } from '../process/orders.ts';
import { type UsageOf, usagesOf } from '../running-system.ts';
import type { ScenarioName } from '../scenarios.ts';
import { clientPlan, coordinatorPlan, type StoreKind, workerPlan } from './fleet.ts';

const ACCEPT_TIMEOUT_MS = 600_000;

/** A fleet in a virtual host of its own, whose coordinator comes and goes. */
export class LoneFleet {
  readonly store: StoreKind;
  readonly #vhost: Lent;
  readonly #storeAt: Lent;
  readonly #client: BenchProcess;
  readonly #worker: BenchProcess;
  #coordinator: BenchProcess | undefined;

  /** Starts all but the coordinator. */
  static async start(
    place: Place,
    store: StoreKind,
    models: readonly string[],
  ): Promise<LoneFleet> {
    const vhost = await place.newVhost();
    const storeAt = await (store === 'sqlite' ? place.newFile() : place.newDatabase());
    const client = await BenchProcess.start(clientPlan(vhost.url));
    const worker = await BenchProcess.start(workerPlan(vhost.url, models));
    return new LoneFleet(store, { vhost, storeAt, client, worker });
  }

  private constructor(
    store: StoreKind,
    parts: { vhost: Lent; storeAt: Lent; client: BenchProcess; worker: BenchProcess },
  ) {
    this.store = store;
    this.#vhost = parts.vhost;
    this.#storeAt = parts.storeAt;
    this.#client = parts.client;
    this.#worker = parts.worker;
  }

  /** Answers after how many milliseconds it coordinates. */
  async startCoordinator(): Promise<number> {
    const beganMs = performance.now();
    const plan = coordinatorPlan(this.#vhost.url, this.#storeAt.url);
    this.#coordinator = await BenchProcess.start(plan);
    return performance.now() - beganMs;
  }

  async stopCoordinator(): Promise<void> {
    await this.#coordinator?.stop();
    this.#coordinator = undefined;
  }

  /** Submits jobs from a process that then leaves; resolves when the broker has them. */
  async submit(flow: string, payload: JsonObject, jobs: number): Promise<void> {
    const submitter = await BenchProcess.start(clientPlan(this.#vhost.url));
    try {
      await submitter.submit({ flow, payload, jobs });
    } finally {
      await submitter.stop();
    }
  }

  /** Submits jobs and waits until the coordinator has accepted them. */
  async open(flow: string, payload: JsonObject, jobs: number): Promise<void> {
    const { accepted } = await this.counts();
    await this.submit(flow, payload, jobs);
    const all = async () => (await this.counts()).accepted >= accepted + jobs;
    await eventually(all, { timeoutMs: ACCEPT_TIMEOUT_MS, intervalMs: 100 });
  }

  load(scenario: ScenarioName, jobs: number, inFlight: number): Promise<LoadFigures> {
    return this.#client.load({ scenario, jobs, inFlight });
  }

  async counts(): Promise<Counts> {
    const { counts } = await this.coordinatorUsage();
    if (!counts) throw new Error('the coordinator counts nothing');
    return counts;
  }

  async coordinatorUsage(): Promise<UsageOf> {
    if (!this.#coordinator) throw new Error('there is no coordinator');
    const [usage] = await usagesOf([this.#coordinator]);
    return usage as UsageOf;
  }

  async stop(): Promise<void> {
    await this.stopCoordinator();
    await Promise.all([this.#client.stop(), this.#worker.stop()]);
    await this.#vhost.remove();
    await this.#storeAt.remove();
  }
}
