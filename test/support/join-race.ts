import { startCoordinator } from '../../services/coordinator/coordinator.ts';
import { openPostgresStore } from '../../services/coordinator/store/postgres/postgres-store.ts';
import type { Store } from '../../services/coordinator/store/store.ts';
import { connectClient } from '../../shared/client/client.ts';
import type { Request } from '../../shared/envelope/envelope.ts';
import { loadFlow } from '../../shared/flow/load.ts';
import { silentLogger } from '../../shared/telemetry/logger.ts';
import { MemoryBroker } from '../../shared/transport/memory/broker.ts';
import { connectMemory } from '../../shared/transport/memory/transport.ts';
import { eventually } from './eventually.ts';
import { meetingBeforeLocks } from './meeting-store.ts';
import { replyTo, type ScriptedWorker, scriptedWorker } from './scripted-worker.ts';

const flow = loadFlow(
  JSON.stringify({
    flow: 'race',
    version: 1,
    description: 'Two branches and a join.',
    input: { type: 'object' },
    do: [
      {
        parallel: 'both',
        branches: [
          { step: 'left', model: 'left' },
          { step: 'right', model: 'right' },
        ],
      },
    ],
    output: { left: 'context.left.text', right: 'context.right.text' },
  }),
);

const COORDINATORS = 2;

export interface RaceOutcome {
  readonly status: string;
  readonly payload: unknown;
  /** How often each type of history row is there. */
  readonly events: Readonly<Record<string, number>>;
  /** The coordinator that fired the join. */
  readonly winner: string;
}

/**
 * Two coordinators on one database. Each has a broker of its own, so that it is certain who gets which reply: the replies of the
 * last two branches, one each. Both are in a transaction before either may lock the run.
 */
export class JoinRace {
  readonly #stores: Store[] = [];
  readonly #undo: (() => Promise<unknown>)[] = [];
  readonly #winners = new Map<string, string>();
  #raced: {
    readonly run: string;
    arrived: number;
    readonly go: PromiseWithResolvers<void>;
  } | null = null;

  /** Runs the race so many times, one after the other. */
  static async run(databaseUrl: string, times: number): Promise<RaceOutcome[]> {
    const race = new JoinRace();
    try {
      return await race.#run(databaseUrl, times);
    } finally {
      for (const undo of race.#undo.reverse()) await undo();
    }
  }

  async #run(databaseUrl: string, times: number): Promise<RaceOutcome[]> {
    const brokers = [new MemoryBroker(), new MemoryBroker()] as const;
    const [first, second] = brokers;
    const models: ScriptedWorker[] = [];
    for (const [index, broker] of brokers.entries()) {
      await this.#coordinator(databaseUrl, broker, `c${index + 1}`);
      // Both hear of both models; requests leave by the coordinator that began the run.
      for (const model of ['left', 'right']) {
        models.push(await scriptedWorker(this.#transport(broker), model, () => undefined));
      }
    }
    const client = await connectClient({ transport: this.#transport(first) });
    this.#undo.push(() => client.close());
    const publishers = [this.#transport(first), this.#transport(second)] as const;
    const store = this.#stores[0] as Store;
    const outcomes: RaceOutcome[] = [];
    for (let count = 1; count <= times; count += 1) {
      const { run } = await client.submit('race', {});
      const [left, right] = await eventually(() => requestsOf(run, models));
      this.#raced = { run, arrived: 0, go: Promise.withResolvers() };
      await Promise.all([
        publishers[0].publish([replyTo(left, { text: 'l' })]),
        publishers[1].publish([replyTo(right, { text: 'r' })]),
      ]);
      await eventually(async () => (await store.findRun(run))?.finishedAtMs !== null);
      // The database shows the end before the coordinator that committed it is told so.
      const winner = await eventually(() => this.#winners.get(run) ?? false);
      const history = await store.readHistory(run);
      const result = (await store.readValue(run, '$result')) as {
        readonly payload: unknown;
        readonly run: { readonly status: string };
      };
      outcomes.push({
        status: result.run.status,
        payload: result.payload,
        events: Object.fromEntries(
          [...Map.groupBy(history, ({ type }) => type)].map(([type, rows]) => [type, rows.length]),
        ),
        winner,
      });
    }
    return outcomes;
  }

  #transport(broker: MemoryBroker) {
    const transport = connectMemory(broker, { userId: 'tester' });
    this.#undo.push(() => transport.close());
    return transport;
  }

  async #coordinator(databaseUrl: string, broker: MemoryBroker, instance: string): Promise<void> {
    const store = await openPostgresStore(databaseUrl);
    this.#stores.push(store);
    this.#undo.push(() => store.close());
    const coordinator = await startCoordinator({
      store: meetingBeforeLocks(store, (ids) => this.#meet(ids)),
      transport: this.#transport(broker),
      flows: [flow],
      instance,
      logger: silentLogger,
      onHistory: (rows) => {
        for (const { type, runId } of rows) {
          if (type === 'join_fired') this.#winners.set(runId, instance);
        }
      },
    });
    this.#undo.push(() => coordinator.stop());
  }

  async #meet(runs: readonly string[]): Promise<void> {
    const raced = this.#raced;
    if (raced === null || !runs.includes(raced.run)) return;
    raced.arrived += 1;
    if (raced.arrived === COORDINATORS) raced.go.resolve();
    await raced.go.promise;
  }
}

function requestsOf(run: string, models: readonly ScriptedWorker[]): [Request, Request] | false {
  const requests = models
    .flatMap((model) => model.requests)
    .filter(({ step }) => step.run === run)
    .toSorted((one, other) => one.step.model.localeCompare(other.step.model));
  const [left, right] = requests;
  return left && right ? [left, right] : false;
}
