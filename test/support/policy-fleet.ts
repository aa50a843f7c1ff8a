import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import type { Client } from '../../shared/client/client.ts';
import type { Result } from '../../shared/envelope/envelope.ts';
import type { AnyModel } from '../../shared/worker/model.ts';
import type { WorkerOptions } from '../../shared/worker/worker.ts';
import { AmqpFleet } from './amqp-fleet.ts';
import { type TestBroker, testBroker } from './broker.ts';
import { eventually } from './eventually.ts';
import { flowOf } from './flow-text.ts';

/** Bounds for a machine that does other things too. */
export const patient = { timeoutMs: 30_000 };

/** What the flow of a test gives where the test does not say: the answer of its step `a`, who served it, and why. */
const outcomeOfA =
  'output: { text: context.a.text, by: context.a.$servedBy, degraded: context.a.$degraded }';

/** RabbitMQ for a test file, and a fleet of real workers and one coordinator for each of its tests. */
export class PolicyFleet {
  #broker: TestBroker | undefined;
  #fleet: AmqpFleet | undefined;
  #client: Client | undefined;
  readonly #models = new Set<string>();

  constructor() {
    vi.setConfig({ testTimeout: 120_000 });
    beforeAll(async () => {
      this.#broker = await testBroker();
    });
    beforeEach(() => {
      this.#fleet = new AmqpFleet(known(this.#broker));
      this.#models.clear();
    });
    afterEach(() => this.#fleet?.stop());
    afterAll(() => this.#broker?.stop());
  }

  get amqp(): AmqpFleet {
    return known(this.#fleet);
  }

  /** The one that `coordinate` gave. */
  get client(): Client {
    return known(this.#client);
  }

  async serve(
    { model }: { readonly model: AnyModel },
    options: Pick<WorkerOptions, 'drainMs'> = {},
  ): Promise<{ stop(): Promise<void> }> {
    this.#models.add(model.name);
    return this.amqp.worker(model, options);
  }

  /** Coordinates a flow `sample` with these nodes; resolves when every model that is served here is known. */
  async coordinate(nodes: string, more = outcomeOfA): Promise<Client> {
    await this.amqp.coordinator([flowOf(nodes, more)]);
    const client = await this.amqp.client();
    this.#client = client;
    await this.hears(...this.#models);
    return client;
  }

  /** Waits until the coordinator knows workers of these models. */
  async hears(...names: readonly string[]): Promise<void> {
    await eventually(async () => {
      const { models } = await this.client.operation('model.list', {});
      const served = models.filter(({ workers }) => workers > 0).map(({ model }) => model);
      return names.every((name) => served.includes(name));
    }, patient);
  }

  /** One run of such a flow. */
  async run(nodes: string, more?: string): Promise<Result> {
    const client = await this.coordinate(nodes, more);
    return client.run('sample', { text: 'hello' });
  }

  /** Waits until a run has come to a point of its history; it may be over by then. */
  async until(run: string, type: string, times = 1): Promise<void> {
    await eventually(async () => {
      const { history } = await this.client.operation('run.get', { run });
      return history.filter((entry) => entry.type === type).length >= times;
    }, patient);
  }
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('It is not there yet.');
  return value;
}
