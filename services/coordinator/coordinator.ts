import type { Artifacts } from '../../shared/artifacts/artifact-store.ts';
import type { FleetError } from '../../shared/errors/errors.ts';
import { type Failpoint, failpoint } from '../../shared/failpoints/failpoint.ts';
import { settledWithin } from '../../shared/lifecycle/settled-within.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { queue } from '../../shared/transport/topology.ts';
import type { Delivery, Transport } from '../../shared/transport/transport.ts';
import { Access } from './access/access.ts';
import type { ClientsFile } from './access/clients-file.ts';
import { lightening } from './artifacts/heavy-rows.ts';
import { Sweeper } from './artifacts/sweeper.ts';
import { cancellationsOf } from './cancellations.ts';
import { Commits } from './commits.ts';
import { Consumers } from './consumers.ts';
import { Control, controlQueue } from './control.ts';
import type { Run } from './engine/run.ts';
import { unannouncedModels } from './engine/unannounced.ts';
import { FlowBook } from './flow-book.ts';
import type { DefinedFlow } from './flow-documents.ts';
import { Hearing } from './hearing.ts';
import { jobTask } from './intake/jobs.ts';
import { Operating } from './operating.ts';
import { Flush } from './outbox/flush.ts';
import { Outgoing } from './outbox/outgoing.ts';
import { Relay } from './outbox/relay.ts';
import { ProgressRelay } from './progress.ts';
import { reopenRuns } from './reopen.ts';
import { replyTask } from './replies.ts';
import { ValuesCache } from './run-values.ts';
import { Sharing } from './sharing.ts';
import type { HistoryRow, Store } from './store/store.ts';
import { StoreClock } from './store-clock.ts';
import { Tenants } from './tenants.ts';
import { Timers, timerTask } from './timers.ts';
import type { Committed, Desk, Task } from './transition.ts';

/**
 * The shell around the engine: it consumes, has the engine decide, writes, acknowledges and publishes. Its rules:
 * 1. Each consumer has a channel of its own and one batch in flight.
 * 2. A batch is one transaction: runs, values, history and outbox are written whole or not at all.
 * 3. A delivery is acknowledged right after the commit. From there on the outbox owns what must leave.
 * 4. What cannot be decided is written to the dead letters in the same transaction; its neighbours are not harmed.
 * 5. A timer is believed only while replies can be heard.
 */
export interface CoordinatorOptions {
  readonly store: Store;
  readonly transport: Transport;
  readonly flows: readonly DefinedFlow[];
  /** Names this process: letters, digits, `_`, `.` and `-`. */
  readonly instance: string;
  readonly logger: Logger;
  /** Milliseconds since 1970. Default: the store's clock. */
  readonly now?: () => number;
  /** Told of each history row after its commit, in order. */
  readonly onHistory?: (rows: readonly HistoryRow[]) => void;
  /** Who belongs to which tenant. Default: everybody to `default`. */
  readonly tenants?: Tenants;
  /** What each client may do. Default: everybody everything. */
  readonly clients?: ClientsFile;
  /** Where large values lie; its store stays the caller's to close. Left out: they travel in messages, as far as those take them. */
  readonly artifacts?: Artifacts;
  /** Memory for values of runs that were lately worked on. Default 64 MiB. */
  readonly maxCachedBytes?: number;
}

export interface Coordinator {
  /** Resolves when this process may not go on: another one has its store. */
  readonly lost: Promise<FleetError>;
  /**
   * Takes no more, finishes the batches in hand, publishes what is left within a bound. Store and transport stay open.
   * Idempotent.
   */
  stop(): Promise<void>;
}

const CACHED_BYTES = 64 * 1024 * 1024;
/** How long a stopping process waits for the batches in hand, and for confirms. */
const FINISH_MS = 10_000;
const PUBLISH_LEFT_MS = 5_000;

/** Starts a coordinator; it resolves when jobs are taken. Rejects where the store or the topology cannot be used. */
export async function startCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  const coordinator = new RunningCoordinator(options);
  try {
    await coordinator.start();
    return coordinator;
  } catch (error) {
    await coordinator.stop();
    throw error;
  }
}

class RunningCoordinator implements Coordinator {
  readonly lost: Promise<FleetError>;
  readonly #options: CoordinatorOptions;
  readonly #now: () => number;
  readonly #clock: StoreClock;
  readonly #desk: Desk;
  readonly #consumers: Consumers;
  readonly #hearing: Hearing;
  readonly #outgoing: Outgoing;
  readonly #flush: Flush;
  readonly #commits: Commits;
  readonly #timers: Timers;
  readonly #relay: Relay;
  readonly #control: Control;
  readonly #operating: Operating;
  readonly #progress: ProgressRelay;
  readonly #access: Access;
  readonly #sharing: Sharing;
  readonly #sweeper: Sweeper;
  readonly #stop = new AbortController();
  #stopped: Promise<void> | undefined;

  constructor(options: CoordinatorOptions) {
    const { store, transport, logger, instance, tenants = new Tenants() } = options;
    this.#clock = new StoreClock(store, logger);
    const now = options.now ?? this.#clock.now;
    const flows = new FlowBook(options.flows);
    const values = new ValuesCache(options.maxCachedBytes ?? CACHED_BYTES);
    const lost = Promise.withResolvers<FleetError>();
    this.lost = lost.promise;
    this.#options = options;
    this.#now = now;
    this.#consumers = new Consumers(transport);
    this.#sharing = new Sharing({
      store,
      transport,
      instance,
      tenants,
      logger,
      now,
      storeAvailable: () => this.#commits.storeAvailable,
      commit: (tasks) => this.#commits.commit(tasks),
    });
    this.#access = new Access({
      ...(options.clients === undefined ? {} : { clients: options.clients }),
      tenants,
      now,
      coordinators: () => this.#sharing.coordinators,
    });
    this.#sweeper = new Sweeper({ ...options, now });
    const { models, limits, breakers } = this.#sharing;
    const { artifacts } = options;
    this.#desk = { store, flows, models, values, limits, breakers, artifacts, logger, now };
    this.#hearing = new Hearing({ transport, probeStore: () => store.nextDueMs(), now });
    this.#progress = new ProgressRelay(store, transport, logger);
    const lighten = lightening(artifacts, now, this.#stop.signal);
    this.#outgoing = new Outgoing(transport, logger, () => this.#flush.soon(), lighten);
    this.#flush = new Flush(this.#outgoing, () => this.#commits.commit([]));
    this.#commits = new Commits({
      desk: this.#desk,
      outgoing: this.#outgoing,
      logger,
      stop: this.#stop.signal,
      onLeaseLost: lost.resolve,
      onStoreAway: () => this.#hearing.lost(),
      onHistory: options.onHistory,
      onDue: (dueMs) => this.#timers.wakeAt(dueMs),
      onRun: (run) => this.#noteRun(run),
      onCommitted: (committed) => this.#noteCommitted(committed),
    });
    const commits = this.#commits;
    this.#timers = new Timers({ store, commits, hearing: this.#hearing, logger, now });
    this.#relay = new Relay({
      store,
      transport,
      hearing: this.#hearing,
      outgoing: this.#outgoing,
      logger,
      now,
    });
    const { pauses } = this.#sharing;
    const operating = { ...this.#desk, transport, commits, pauses, access: this.#access, instance };
    this.#operating = new Operating(operating);
    const onWoken = () => this.#timers.wakeAt(now());
    const onHeard = (model: string) => pauses.heard(model);
    const control = { store, transport, flows, models, logger, now };
    this.#control = new Control({ ...control, onHeard, onWoken });
  }

  async start(): Promise<void> {
    const { store, transport, logger, instance } = this.#options;
    const { flows } = this.#desk;
    await this.#clock.start();
    await flows.save(store);
    await this.#control.restore();
    await this.#sharing.begin();
    await reopenRuns(this.#desk, this.#commits, { transportLost: !transport.durable });
    await this.#consumers.consume(controlQueue(instance), (deliveries) =>
      this.#control.handle(deliveries),
    );
    const dueMs = await store.nextDueMs();
    const ready = await transport.readyCount(queue.replies);
    const replies = await this.#consumers.consume(
      queue.replies,
      (deliveries, ack) => this.#replies(deliveries, ack),
      () => this.#hearing.lost(),
    );
    this.#hearing.begin(replies, ready, this.#now() - (dueMs ?? Infinity));
    await this.#consumers.consume(queue.jobs, (deliveries, ack) => this.#jobs(deliveries, ack));
    await this.#consumers.consume(queue.operations, (deliveries) =>
      this.#operating.answer(deliveries),
    );
    for (const dead of [queue.deadFailed, queue.deadUnprocessable]) {
      await this.#consumers.consume(dead, (deliveries) => this.#operating.drain(deliveries));
    }
    await this.#consumers.consume(queue.progress, (deliveries) =>
      this.#progress.handle(deliveries),
    );
    this.#timers.start();
    this.#relay.start();
    this.#operating.start();
    this.#sharing.start();
    this.#sweeper.start();
    await this.#control.askAll();
    const names = flows.flows.map((flow) => `${flow.name} v${flow.version}`);
    logger.info({ instance, durable: store.durable, flows: names }, 'coordinating');
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopOnce();
    return this.#stopped;
  }

  async #stopOnce(): Promise<void> {
    const batches = await this.#consumers.pause();
    const work = Promise.allSettled([
      this.#timers.stop(),
      this.#relay.stop(),
      this.#operating.stop(),
      this.#hearing.stop(),
      this.#sharing.stop(),
      this.#sweeper.stop(),
      ...batches,
    ]);
    // Work that waits for a store which is away is cut off; its deliveries go back to the queue.
    const done = this.#commits.storeAvailable && (await settledWithin(work, FINISH_MS));
    if (!done) this.#stop.abort();
    await work;
    await settledWithin(this.#outgoing.idle(), PUBLISH_LEFT_MS);
    this.#clock.stop();
    await this.#flush.now();
    await this.#sharing.end();
    this.#stop.abort();
    await this.#consumers.close();
    this.#options.logger.info({ instance: this.#options.instance }, 'stopped');
  }

  async #jobs(deliveries: readonly Delivery[], ack: () => void): Promise<void> {
    const { logger, artifacts } = this.#options;
    const { flows } = this.#desk;
    const options = { flows, access: this.#access, artifacts, logger, now: this.#now };
    failpoint('C1');
    const tasks = await Promise.all(deliveries.map((delivery) => jobTask(delivery, options)));
    await this.#write(tasks, ack, 'C2');
  }

  async #replies(deliveries: readonly Delivery[], ack: () => void): Promise<void> {
    const { logger } = this.#options;
    this.#hearing.taken();
    failpoint('C6');
    await this.#write(
      deliveries.map((delivery) => replyTask(delivery, logger, this.#now)),
      ack,
      'C8',
    );
    this.#hearing.heard(deliveries.length);
  }

  async #write(tasks: readonly Task[], ack: () => void, committedPoint: Failpoint): Promise<void> {
    await this.#outgoing.room();
    await this.#commits.commit(tasks);
    failpoint(committedPoint);
    ack();
  }

  #noteRun(run: Run): void {
    this.#progress.noteRun(run);
    if (run.status !== 'pending') return;
    const { flows, models } = this.#desk;
    const flow = flows.find(run.flow, run.flowVersion);
    if (flow?.digest !== run.flowDigest) return;
    const unannounced = unannouncedModels({ flow, model: (name) => models.facts(name) });
    // Announced while the run was being written: what woke those that wait could not see it yet.
    const next =
      unannounced.length > 0
        ? this.#control.askFor(flow)
        : this.#consumers.track(this.#commits.commit([timerTask(run.id, this.#options.logger)]));
    // Nobody waits for it: workers announce themselves from time to time anyway.
    void next.catch(() => {});
  }

  #noteCommitted(committed: Committed): void {
    this.#sharing.committed(committed);
    const words = cancellationsOf(committed.ended, this.#now());
    if (words.length > 0) void this.#options.transport.publish(words).catch(() => {});
  }
}
