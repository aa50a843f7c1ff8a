import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Progress, Reply, Request, StepBlock } from '../../../shared/envelope/envelope.ts';
import { messageIdOf } from '../../../shared/envelope/ids.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { message } from '../../../shared/envelope/message.ts';
import { openDelivery } from '../../../shared/envelope/open-delivery.ts';
import { type Logger, silentLogger } from '../../../shared/telemetry/logger.ts';
import { MemoryBroker } from '../../../shared/transport/memory/broker.ts';
import { connectMemory } from '../../../shared/transport/memory/transport.ts';
import { exchange, queue, workKey } from '../../../shared/transport/topology.ts';
import type { Delivery, MessageHeaders, Transport } from '../../../shared/transport/transport.ts';
import { type AnyModel, defineModel, type Model } from '../../../shared/worker/model.ts';
import { startWorker, type Worker, type WorkerOptions } from '../../../shared/worker/worker.ts';
import { eventually } from '../../support/eventually.ts';

/** A model that says what it was told, with whatever parts a test replaces. */
export function echo(parts: Partial<Model> = {}): Model {
  return defineModel<JsonObject, JsonObject, unknown>({
    name: 'echo',
    version: 1,
    description: 'Says what it was told.',
    input: z.object({ text: z.string() }),
    output: z.object({ text: z.string() }),
    concurrency: 4,
    run: (input) => input,
    ...parts,
  });
}

/** A request to the echo model. */
export function request(payload: JsonObject, step: Partial<StepBlock> = {}): Request {
  const now = new Date();
  const block: StepBlock = {
    run: randomUUID(),
    path: 'answer',
    model: 'echo',
    version: 1,
    attempt: 1,
    timeoutMs: 10_000,
    deadline: new Date(now.getTime() + 60_000).toISOString(),
    sentAt: now.toISOString(),
    ...step,
  };
  return {
    id: messageIdOf(block.run, block.path, block.attempt, 'request'),
    timestamp: now.toISOString(),
    payload,
    context: {},
    step: block,
  };
}

/** A worker and the coordinator's side of it, on a transport of the test's choice. */
export class Bench {
  readonly transport: Transport;
  readonly replies: Reply[] = [];
  readonly replyHeaders: MessageHeaders[] = [];
  readonly progress: Progress[] = [];
  /** Whose queue requests go to. */
  model = 'echo';
  version = 1;
  readonly #workers: Worker[] = [];

  constructor(transport: Transport) {
    this.transport = transport;
  }

  /** Hears replies and progress. */
  async listen(): Promise<void> {
    const hear = (onBatch: (deliveries: readonly Delivery[]) => void) => ({
      prefetch: 1_000,
      onBatch,
    });
    const replies = this.transport.consume(
      queue.replies,
      hear(async (deliveries) => {
        for (const delivery of deliveries) {
          this.replies.push(openDelivery('reply', delivery));
          this.replyHeaders.push(delivery.headers);
        }
        (await replies).settle(deliveries, 'ack');
      }),
    );
    const progress = this.transport.consume(
      queue.progress,
      hear(async (deliveries) => {
        for (const delivery of deliveries) this.progress.push(openDelivery('progress', delivery));
        (await progress).settle(deliveries, 'ack');
      }),
    );
    await Promise.all([replies, progress]);
  }

  /** Starts a worker with short waits for tests. */
  async worker(
    model: AnyModel,
    options: Partial<WorkerOptions> & { logger?: Logger } = {},
  ): Promise<Worker> {
    const worker = await startWorker({
      model,
      transport: this.transport,
      logger: silentLogger,
      instance: randomUUID(),
      ...options,
    });
    this.#workers.push(worker);
    return worker;
  }

  async send(sent: Request, headers: MessageHeaders = {}): Promise<void> {
    await this.sendAll([sent], headers);
  }

  async sendAll(sent: readonly Request[], headers: MessageHeaders = {}): Promise<void> {
    await this.transport.publish(
      sent.map((envelope) =>
        message({
          type: 'request',
          envelope,
          exchange: exchange.work,
          routingKey: workKey(this.model, this.version),
          correlationId: envelope.step.run,
          headers,
          mandatory: true,
        }),
      ),
    );
  }

  /** Asks, and waits for the reply. */
  async ask(sent: Request, headers: MessageHeaders = {}): Promise<Reply> {
    const before = this.repliesTo(sent).length;
    await this.send(sent, headers);
    return eventually(() => this.repliesTo(sent)[before] ?? false);
  }

  repliesTo(sent: Request): Reply[] {
    const { run, path, attempt } = sent.step;
    return this.replies.filter(
      ({ step }) => step.run === run && step.path === path && step.attempt === attempt,
    );
  }

  async tearDown(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
    await this.transport.close();
  }
}

/** The same with a broker in memory to look into. */
export class MemoryBench extends Bench {
  readonly broker: MemoryBroker;

  constructor() {
    const broker = new MemoryBroker();
    super(connectMemory(broker));
    this.broker = broker;
  }

  static async start(): Promise<MemoryBench> {
    const bench = new MemoryBench();
    await bench.listen();
    return bench;
  }
}
