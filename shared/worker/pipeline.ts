import type { Artifacts } from '../artifacts/artifact-store.ts';
import type { Request } from '../envelope/envelope.ts';
import { header } from '../envelope/headers.ts';
import type { JsonObject } from '../envelope/json.ts';
import { openDelivery } from '../envelope/open-delivery.ts';
import { PermanentError, ShutdownError, UnprocessableError } from '../errors/errors.ts';
import { failpoint } from '../failpoints/failpoint.ts';
import type { Logger } from '../telemetry/logger.ts';
import { logRefused } from '../telemetry/refusal-log.ts';
import { continuedTrace } from '../telemetry/trace-context.ts';
import { workQueueName } from '../transport/topology.ts';
import type { Delivery, OutgoingMessage } from '../transport/transport.ts';
import { ActiveCall, type Clock, callKey } from './active-call.ts';
import { type CallFilter, CancelledCalls, matches } from './cancelled-calls.ts';
import { parseContract } from './contract.ts';
import { lightAnswer, wholeInput } from './large-values.ts';
import type { AnyModel } from './model.ts';
import { decide } from './outcome.ts';
import { parked } from './park.ts';
import type { ProgressPublisher } from './progress-publisher.ts';
import type { OwnCalls } from './rejoin.ts';
import { failedReply, progressMessage, type Signature, succeededReply } from './reply.ts';
import { ReplyCache } from './reply-cache.ts';
import type { ReplyPublisher } from './reply-publisher.ts';
import type { Runner } from './runner.ts';
import type { Standing } from './siblings.ts';

export interface PipelineOptions {
  readonly model: AnyModel;
  readonly runner: Runner;
  readonly instance: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where large values lie; left out: they travel in messages, as far as those take them. */
  readonly artifacts?: Artifacts | undefined;
  readonly replies: ReplyPublisher;
  readonly progress: ProgressPublisher;
  /** Whether the request of a call that is not here waits elsewhere; it comes again through `take`. */
  readonly holdsBack: (call: string, delivery: Delivery) => boolean;
}

/**
 * What happens to one request: decode → join or answer from memory → fetch and validate input → run → validate output → store what is
 * large of it → reply. Every
 * request it takes ends in exactly one of: a reply, a parked message, or the way back to its queue.
 */
export class Pipeline implements OwnCalls {
  readonly #options: PipelineOptions;
  readonly #active = new Map<string, ActiveCall>();
  readonly #remembered = new ReplyCache();
  readonly #cancelled = new CancelledCalls();
  readonly #idleWaiters = new Set<() => void>();

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /** Calls whose reply is not decided yet. */
  get open(): number {
    return this.#active.size;
  }

  /** Takes charge of one delivery. Never throws. */
  take(delivery: Delivery): void {
    failpoint('W1');
    const request = this.#open(delivery);
    if (request === undefined) return;
    const key = callKey(request);
    const remembered = this.#remembered.get(key);
    if (remembered !== undefined) {
      this.#options.replies.add(remembered, [delivery]);
      return;
    }
    const running = this.#active.get(key);
    if (running !== undefined) {
      running.deliveries.push(delivery);
      return;
    }
    if (this.#options.holdsBack(key, delivery)) return;
    const call = this.#callOf(request, delivery);
    this.#active.set(key, call);
    if (this.#cancelled.has(call)) call.abort(cancelled());
    void this.#answer(key, call);
  }

  names(): readonly string[] {
    return [...this.#active.keys(), ...this.#remembered.keys()];
  }

  standingOf(call: string): Standing | undefined {
    if (this.#active.has(call)) return 'running';
    const reply = this.#remembered.get(call);
    if (reply === undefined) return undefined;
    return this.#options.replies.isUnderWay(reply) ? 'running' : 'answered';
  }

  /** Aborts the open calls that match, and those that are still to come. Answers how many were open. */
  cancel(filter: CallFilter): number {
    this.#cancelled.add(filter);
    const calls = [...this.#active.values()].filter((call) => matches(call, filter));
    for (const call of calls) call.abort(cancelled());
    return calls.length;
  }

  /** Gives requests back to the queue: those that were not begun yet, or all. */
  giveBack(which: 'waiting' | 'all'): void {
    const reason = new ShutdownError();
    for (const call of this.#active.values()) {
      if (which === 'all' || call.begunAtMs === undefined) call.abort(reason);
    }
  }

  /** Resolves when each request taken so far has its reply, or is on its way back. */
  async idle(): Promise<void> {
    if (this.#active.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idleWaiters.add(resolve);
    await promise;
  }

  #open(delivery: Delivery): Request | undefined {
    const { model, logger, clock, replies } = this.#options;
    try {
      const request = openDelivery('request', delivery, { nowMs: clock.now() });
      const { step } = request;
      if (step.model !== model.name || step.version !== model.version) {
        const address = `${step.model} version ${step.version}`;
        throw new UnprocessableError(
          'not_your_route',
          `The request is for ${address}, not for this queue.`,
        );
      }
      return request;
    } catch (error) {
      const reason =
        error instanceof UnprocessableError
          ? error
          : new UnprocessableError('unexpected_error', 'The request could not be opened.');
      const { messageId } = delivery;
      const refused = { what: 'request parked', queue: workQueueName(model.name, model.version) };
      logRefused(logger, { ...refused, code: reason.code, messageId, model: model.name });
      replies.add(parked(delivery, reason), [delivery]);
      return undefined;
    }
  }

  #callOf(request: Request, delivery: Delivery): ActiveCall {
    const { clock, logger, artifacts } = this.#options;
    const watched = String(delivery.headers[header.watch]) === 'true';
    return new ActiveCall({
      request,
      delivery,
      clock,
      logger,
      artifacts,
      ...(watched ? { onProgress: (call, payload) => this.#publishProgress(call, payload) } : {}),
    });
  }

  #publishProgress(call: ActiveCall, payload: JsonObject): void {
    try {
      this.#options.progress.add(progressMessage(call.request, payload, this.#signature(call)));
    } catch (error) {
      call.log.warn({ err: error }, 'progress is no JSON; dropped');
    }
  }

  /** Never rejects. */
  async #answer(key: string, call: ActiveCall): Promise<void> {
    const { logger, replies } = this.#options;
    const { run, path, attempt, model } = call.request.step;
    logger.debug({ run, step: path, attempt, model }, 'request taken');
    const reply = await this.#replyTo(call);
    call.end();
    this.#active.delete(key);
    if (reply === undefined) {
      await replies.giveBack(call.deliveries);
    } else {
      this.#remembered.set(key, reply);
      replies.add(reply, call.deliveries);
    }
    if (this.#active.size === 0) {
      for (const resolve of this.#idleWaiters) resolve();
      this.#idleWaiters.clear();
    }
  }

  /** The reply; undefined when the request goes back to its queue. */
  async #replyTo(call: ActiveCall): Promise<OutgoingMessage | undefined> {
    const { logger } = this.#options;
    const { run, path, attempt, model } = call.request.step;
    try {
      const output = await this.#outputOf(call);
      const answer = await lightAnswer(call, output, this.#options);
      const reply = succeededReply(call, answer, this.#signature(call));
      logger.debug({ run, step: path, attempt, model }, 'succeeded');
      return reply;
    } catch (error) {
      const verdict = decide(error);
      if (verdict.kind === 'requeue') {
        call.log.info({}, 'given back');
        return undefined;
      }
      const type = error instanceof Error ? error.name : typeof error;
      call.log.warn({ ...verdict.failure, type }, 'failed');
      return failedReply(call, verdict.failure, this.#signature(call));
    }
  }

  async #outputOf(call: ActiveCall): Promise<JsonObject> {
    const { model, runner } = this.#options;
    const payload = await wholeInput(call, this.#options);
    const asked = parseContract(model.input, payload, 'input_invalid');
    const input = model.sanitize?.(asked) ?? asked;
    failpoint('W2');
    const running = runner.run(input, call);
    failpoint('W3');
    const output = await running;
    failpoint('W4');
    if (output instanceof Error) throw output;
    // What JSON cannot say (an absent field that is undefined) is left out when it is encoded.
    return parseContract(model.output, output, 'output_invalid') as JsonObject;
  }

  #signature(call: ActiveCall): Signature {
    const { instance, clock } = this.#options;
    return { worker: instance, nowMs: clock.now(), trace: continuedTrace(call.headers) };
  }
}

function cancelled(): PermanentError {
  return new PermanentError('cancelled', 'The call was cancelled.');
}
