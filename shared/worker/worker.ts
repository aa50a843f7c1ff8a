import type { Artifacts } from '../artifacts/artifact-store.ts';
import { settledWithin } from '../lifecycle/settled-within.ts';
import type { Logger } from '../telemetry/logger.ts';
import { routingKey, workQueueName } from '../transport/topology.ts';
import type { Subscription, Transport } from '../transport/transport.ts';
import type { Clock } from './active-call.ts';
import { Announcer, type ControlActions, controlQueue, obey, word } from './control.ts';
import { createRunner, prefetchOf } from './create-runner.ts';
import { manifestOf } from './manifest-of.ts';
import type { AnyModel } from './model.ts';
import { Pipeline } from './pipeline.ts';
import { ProgressPublisher } from './progress-publisher.ts';
import { Rejoin } from './rejoin.ts';
import { ReplyPublisher } from './reply-publisher.ts';
import type { Runner } from './runner.ts';

/**
 * One worker: it serves one model from the model's work queue. The rules of its life:
 * W1 the model is loaded before the first request is taken;
 * W2 its queues exist before they are consumed, and the announcement goes out when work can be taken;
 * W3 stop() takes no more, gives back what has not begun, finishes the rest, and only then lets go of the model.
 */

export interface WorkerOptions {
  readonly model: AnyModel;
  readonly transport: Transport;
  readonly logger: Logger;
  /** Names this process among those that serve the model: 1 to 64 letters, digits, `_`, `.` and `-`. */
  readonly instance: string;
  /** Where large values lie; its store stays the caller's to close. Left out: they travel in messages, as far as those take them. */
  readonly artifacts?: Artifacts;
  /** Calls at a time. Default: the model's own. */
  readonly concurrency?: number;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** How often the model is announced. Default 15 s. */
  readonly announceEveryMs?: number;
  /** How long stop() waits for calls that have begun. Default 25 s: platforms kill what has not stopped after 30. */
  readonly drainMs?: number;
}

export interface Worker {
  /** False while the broker cannot deliver requests here. */
  readonly listening: boolean;
  /** Requests whose reply is not decided yet. */
  readonly openCalls: number;
  /**
   * Drains: takes no more, waits for what has begun, then aborts it with a ShutdownError and gives it back to the queue. Leaves
   * the transport open. Idempotent; never rejects for a call's sake.
   */
  stop(): Promise<void>;
}

/** Loads a model and serves it until stopped. Rejects when the model cannot be loaded or the topology is not there. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { model, transport } = options;
  const concurrency = options.concurrency ?? model.concurrency;
  const runner = await createRunner(model, concurrency);
  const worker = new RunningWorker(options, runner, concurrency);
  try {
    await transport.declareWorkQueue(model.name, model.version);
    await worker.start();
  } catch (error) {
    await worker.stop();
    throw error;
  }
  return worker;
}

class RunningWorker implements Worker {
  readonly #options: WorkerOptions;
  readonly #runner: Runner;
  readonly #prefetch: number;
  readonly #replies: ReplyPublisher;
  readonly #pipeline: Pipeline;
  readonly #announcer: Announcer;
  readonly #rejoin: Rejoin;
  readonly #work = Promise.withResolvers<Subscription>();
  #control: Subscription | undefined;
  #requests: Subscription | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: WorkerOptions, runner: Runner, concurrency: number) {
    const { model, transport, logger, instance, clock = { now: () => Date.now() } } = options;
    this.#options = options;
    this.#runner = runner;
    this.#prefetch = prefetchOf(model, concurrency);
    this.#announcer = new Announcer(transport, manifestOf(model, instance, concurrency), clock);
    this.#replies = new ReplyPublisher(transport, this.#work.promise, logger);
    const progress = new ProgressPublisher(transport);
    const replies = this.#replies;
    const { artifacts } = options;
    const parts = { model, runner, instance, clock, logger, artifacts, replies, progress };
    this.#pipeline = new Pipeline({
      ...parts,
      holdsBack: (call, delivery) => this.#rejoin.holdsBack(call, delivery),
    });
    const key = routingKey.held(model.name);
    this.#rejoin = new Rejoin({
      instance,
      clock,
      calls: this.#pipeline,
      say: (held) => transport.publish([word(key, held, clock.now())]).catch(() => {}),
      take: (delivery) => this.#pipeline.take(delivery),
      done: (deliveries) => void replies.done(deliveries),
    });
  }

  get listening(): boolean {
    return this.#requests?.listening ?? false;
  }

  get openCalls(): number {
    return this.#pipeline.open;
  }

  async start(): Promise<void> {
    const { model, transport, instance, logger, announceEveryMs = 15_000 } = this.#options;
    const actions: ControlActions = {
      announce: () => this.#announcer.announce(),
      cancel: (filter) => this.#pipeline.cancel(filter),
      pause: (paused) => this.#pause(paused),
      hear: (held) => this.#rejoin.hear(held),
    };
    // A subscription may deliver before it is handed out.
    const control = Promise.withResolvers<Subscription>();
    this.#control = await transport.consumeExclusive(controlQueue(model.name, instance), {
      prefetch: 100,
      serial: true,
      onBatch: async (deliveries) => {
        for (const delivery of deliveries) await obey(delivery, model.name, actions, logger);
        (await control.promise).settle(deliveries, 'ack');
      },
    });
    control.resolve(this.#control);
    this.#rejoin.start();
    this.#requests = await transport.consume(workQueueName(model.name, model.version), {
      prefetch: this.#prefetch,
      onBatch: (deliveries) => {
        this.#replies.hold(deliveries);
        for (const delivery of deliveries) this.#pipeline.take(delivery);
      },
      onLost: () => {
        this.#replies.lost();
        this.#rejoin.lost();
      },
    });
    this.#work.resolve(this.#requests);
    this.#announcer.start(announceEveryMs);
    const { name, version } = model;
    logger.info({ model: name, version, instance, prefetch: this.#prefetch }, 'serving');
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const { model, logger, drainMs = 25_000 } = this.#options;
    this.#announcer.stop();
    await this.#requests?.pause();
    await this.#replies.giveBack(this.#rejoin.giveBack());
    this.#pipeline.giveBack('waiting');
    if (!(await settledWithin(this.#drained(), drainMs))) {
      logger.warn({ model: model.name, calls: this.#pipeline.open }, 'calls given back');
      this.#pipeline.giveBack('all');
      await this.#pipeline.idle();
    }
    this.#replies.close();
    this.#rejoin.stop();
    await this.#control?.close();
    await this.#requests?.close();
    await this.#runner.close();
    logger.info({ model: model.name }, 'stopped');
  }

  async #drained(): Promise<void> {
    await this.#pipeline.idle();
    await this.#replies.idle();
  }

  async #pause(paused: boolean): Promise<void> {
    if (this.#stopped !== undefined) return;
    if (paused) await this.#requests?.pause();
    else await this.#requests?.resume();
  }
}
