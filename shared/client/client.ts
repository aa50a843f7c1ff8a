import { type Progress, type Result, resultSchema } from '../envelope/envelope.ts';
import { header } from '../envelope/headers.ts';
import { DEFAULT_TENANT, newId, runIdOf } from '../envelope/ids.ts';
import type { JsonObject, JsonValue } from '../envelope/json.ts';
import { openDelivery } from '../envelope/open-delivery.ts';
import { FleetError } from '../errors/errors.ts';
import { type Logger, silentLogger } from '../telemetry/logger.ts';
import { logRefused } from '../telemetry/refusal-log.ts';
import { clientQueueName, exchange } from '../transport/topology.ts';
import type { Delivery, OutgoingMessage, Subscription, Transport } from '../transport/transport.ts';
import { ClientArtifacts } from './client-artifacts.ts';
import { clientNameOf } from './client-name.ts';
import { type OpenRun, OpenRuns } from './open-runs.ts';
import { Operations } from './operations.ts';
import type { ClientOptions, SubmitOptions, Submitted, WaitOptions } from './options.ts';
import { type Submitter, submission } from './submission.ts';
import { withTimeout } from './timeout.ts';
import type { Verb, Verbs } from './verbs.ts';

/**
 * A client of the fleet, over any transport. What it promises:
 * 1. A result is expected before its job is published, so that none can come too early.
 * 2. After a loss of the broker it asks for its open runs, and submits again, under the same id, those that no coordinator
 *    knows: a job that was lost on the way is not lost.
 * 3. Waiting for a result never hangs: what may have been missed is asked for, and a time-out says how to ask again.
 */
export interface Client {
  /** The name under which the fleet knows it: that of its API key, else the transport's user, else `anonymous`. */
  readonly name: string;
  /** Opens what results refer to. */
  readonly artifacts: Pick<ClientArtifacts, 'open' | 'bytes' | 'address'>;
  /**
   * Resolves when the broker has the job, and the store its files and large values. Throws UnprocessableError for one that would be
   * refused unread, ContractError `message_too_large`, what a store throws, FleetError
   * `submit_failed` when the broker did not take it; it may be submitted again under the same id.
   */
  submit(flow: string, payload: JsonObject, options?: SubmitOptions): Promise<Submitted>;
  /**
   * The result of a run, by its id or that of its job, whoever submitted it; the run's own status says how it ended. Throws
   * FleetError `result_timeout`, `run_unknown`. Default time-out: 330 s. A run that rests has no result: see `resultOrRest`.
   */
  result(idOrRun: string, options?: WaitOptions): Promise<Result>;
  /** `submit`, then `result`. */
  run(flow: string, payload: JsonObject, options?: SubmitOptions & WaitOptions): Promise<Result>;
  /**
   * One call of a model, as the flow `call-<model>` that every coordinator knows. Throws FleetError with the code of the
   * failure. The run ends when the time-out does. Default: 60 s.
   */
  call(model: string, input: JsonObject, options?: WaitOptions): Promise<JsonValue>;
  /** Ends an open run. Throws FleetError `run_ended`, `run_unknown`, and what `operation` throws. */
  cancel(run: string, reason?: string, options?: WaitOptions): Promise<void>;
  /**
   * Answers a `wait` node of a run by its path. Throws FleetError `not_waiting`, `answer_invalid`, `run_unknown`, and what
   * `operation` throws.
   */
  signal(run: string, path: string, value: JsonValue, options?: WaitOptions): Promise<void>;
  /** Asks the coordinators. Throws FleetError with the code of their answer, or `operation_timeout` (default 10 s). */
  operation<V extends Verb>(
    verb: V,
    args: Verbs[V]['args'],
    options?: WaitOptions,
  ): Promise<Verbs[V]['answer']>;
  /** Hears the progress of watched runs. Returns how to stop. */
  onProgress(listener: (progress: Progress) => void): () => void;
  /** Stops waiting: open results are rejected with `client_closed`. Their runs go on. Idempotent. */
  close(): Promise<void>;
}

const PREFETCH = 200;
const SUBMIT_ATTEMPTS = 3;
const RESULT_TIMEOUT_MS = 330_000;
const CALL_TIMEOUT_MS = 60_000;
/** A result that was published while nobody could hear it is asked for after this. */
const ASK_AFTER_MS = 15_000;
const LOOK_AFTER_LOSS_MS = 100;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Connects a client: its own queue is there when this resolves. Throws FleetError `api_key_invalid`. */
export async function connectClient(options: ClientOptions): Promise<Client> {
  const client = new FleetClient(options);
  await client.open();
  return client;
}

class FleetClient implements Client {
  readonly name: string;
  readonly artifacts: ClientArtifacts;
  readonly #transport: Transport;
  readonly #submitter: Submitter;
  readonly #logger: Logger;
  readonly #runs = new OpenRuns();
  readonly #operations: Operations;
  readonly #listeners = new Set<(progress: Progress) => void>();
  #results: Subscription | undefined;
  #looking: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ClientOptions) {
    const { transport, apiKey, logger = silentLogger, tenant = DEFAULT_TENANT } = options;
    this.name = clientNameOf(options);
    this.artifacts = new ClientArtifacts(options.artifacts);
    this.#submitter = { tenant, client: this.name, apiKey, artifacts: this.artifacts };
    this.#transport = transport;
    this.#logger = logger;
    this.#operations = new Operations(
      transport,
      apiKey === undefined ? {} : { [header.apiKey]: apiKey },
    );
  }

  async open(): Promise<void> {
    const ready = Promise.withResolvers<Subscription>();
    this.#results = await this.#transport.consumeExclusive(
      {
        name: clientQueueName(this.name, newId()),
        bindings: [{ exchange: exchange.results, routingKey: `*.*.${this.name}` }],
      },
      {
        prefetch: PREFETCH,
        onBatch: async (deliveries) => {
          const subscription = await ready.promise;
          for (const delivery of deliveries) this.#receive(delivery);
          subscription.settle(deliveries, 'ack');
        },
        onLost: () => this.#lookAgain(),
      },
    );
    ready.resolve(this.#results);
  }

  async submit(flow: string, payload: JsonObject, options: SubmitOptions = {}): Promise<Submitted> {
    const { job, run } = await submission(this.#submitter, flow, payload, options);
    this.#runs.expect(run, job);
    await this.#publishJob(job);
    return { id: job.messageId, run };
  }

  async result(
    idOrRun: string,
    { timeoutMs = RESULT_TIMEOUT_MS }: WaitOptions = {},
  ): Promise<Result> {
    const submitted = this.#runs.find(idOrRun);
    const derived = submitted?.runId ?? runIdOf(this.#submitter.tenant, this.name, idOrRun);
    const known = submitted ?? this.#runs.find(derived);
    const late = () =>
      new FleetError(
        'result_timeout',
        `No result of ${idOrRun} within ${timeoutMs} ms. The run goes on; ask again with result('${idOrRun}').`,
        { details: { run: derived } },
      );
    if (known) return withTimeout(this.#await(known), timeoutMs, late);
    // It may be the id of a job or of a run: either result is the answer.
    const candidates = [derived, ...(UUID.test(idOrRun) ? [idOrRun] : [])];
    const open = candidates.map((runId) => this.#runs.expect(runId));
    try {
      return await withTimeout(Promise.any(open.map((one) => this.#await(one))), timeoutMs, late);
    } catch (error) {
      throw error instanceof AggregateError ? error.errors[0] : error;
    } finally {
      for (const runId of candidates) this.#runs.forget(runId);
    }
  }

  async run(
    flow: string,
    payload: JsonObject,
    { timeoutMs, ...options }: SubmitOptions & WaitOptions = {},
  ): Promise<Result> {
    const { run } = await this.submit(flow, payload, options);
    return this.result(run, timeoutMs === undefined ? {} : { timeoutMs });
  }

  async call(
    model: string,
    input: JsonObject,
    { timeoutMs = CALL_TIMEOUT_MS }: WaitOptions = {},
  ): Promise<JsonValue> {
    // The fleet says itself that the time is over; only when nobody is there to say so, the wait ends first.
    const options = { deadlineMs: timeoutMs, timeoutMs: timeoutMs + 5_000 };
    const { payload, run } = await this.run(`call-${model}`, input, options);
    if (run.status === 'succeeded') return payload;
    const { code = run.status, message = `The call ended ${run.status}.` } = run.error ?? {};
    throw new FleetError(code, message, { details: { run: run.id } });
  }

  async cancel(run: string, reason?: string, options?: WaitOptions): Promise<void> {
    const args = reason === undefined ? { run } : { run, reason };
    await this.operation('run.cancel', args, options);
  }

  async signal(run: string, path: string, value: JsonValue, options?: WaitOptions): Promise<void> {
    await this.operation('run.signal', { run, path, value }, options);
  }

  operation<V extends Verb>(
    verb: V,
    args: Verbs[V]['args'],
    options: WaitOptions = {},
  ): Promise<Verbs[V]['answer']> {
    return this.#operations.ask(verb, args, options.timeoutMs);
  }

  onProgress(listener: (progress: Progress) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#looking);
    const error = new FleetError('client_closed', 'The client was closed; its runs go on.');
    for (const { runId } of this.#runs.open) this.#runs.fail(runId, error);
    this.#operations.close(error);
    this.artifacts.close(error);
    await this.#results?.close();
  }

  async #publishJob(job: OutgoingMessage): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const [outcome] = await this.#transport.publish([job]);
      if (!outcome || outcome.status === 'confirmed') return;
      if (attempt < SUBMIT_ATTEMPTS && outcome.status === 'unconfirmed' && !this.#closed) continue;
      const cause = outcome.error;
      const text = `The broker did not take the job ${job.messageId}: ${cause.message}`;
      throw new FleetError('submit_failed', text, { cause, details: { id: job.messageId } });
    }
  }

  /** Waits for the result, and asks for it from time to time: it may have been published while nobody listened. */
  async #await(open: OpenRun): Promise<Result> {
    let ended = false;
    const timer = setInterval(() => void this.#ask(open), ASK_AFTER_MS);
    timer.unref();
    try {
      if (open.job === undefined) void this.#ask(open);
      const result = await open.result;
      ended = true;
      return result;
    } finally {
      clearInterval(timer);
      if (!ended) this.#runs.forget(open.runId);
    }
  }

  /** Never rejects: whoever does not answer is asked again later. */
  async #ask({ runId, job }: OpenRun): Promise<void> {
    try {
      const { result } = await this.#operations.ask('run.get', { run: runId });
      const parsed = resultSchema.safeParse(result);
      if (parsed.success) this.#runs.arrived(parsed.data);
    } catch (error) {
      if (!(error instanceof FleetError) || error.code !== 'run_unknown' || this.#closed) return;
      if (job)
        await this.#publishJob(job).catch((fault) => this.#logger.warn({ fault }, 'lost job'));
      else this.#runs.fail(runId, error);
    }
  }

  /** The queue was lost with what was in it; it is there again when the subscription listens. */
  #lookAgain(): void {
    clearTimeout(this.#looking);
    if (this.#closed) return;
    this.#looking = setTimeout(() => {
      if (!this.#results?.listening) this.#lookAgain();
      else for (const open of this.#runs.open) void this.#ask(open);
    }, LOOK_AFTER_LOSS_MS).unref();
  }

  #receive(delivery: Delivery): void {
    const [kind, status] = delivery.routingKey.split('.');
    try {
      if (kind === 'operation') {
        this.#operations.answered(openDelivery('answer', delivery), status === 'succeeded');
      } else if (status === 'progress') {
        const progress = openDelivery('progress', delivery);
        for (const listener of this.#listeners) listener(progress);
      } else {
        this.#accept(openDelivery('result', delivery), delivery.correlationId);
      }
    } catch (error) {
      const code = error instanceof FleetError ? error.code : 'unexpected_error';
      const ignored = { what: 'message ignored', queue: 'client' };
      logRefused(this.#logger, { ...ignored, code, routingKey: delivery.routingKey });
    }
  }

  /** `id_conflict` is the answer to one submission; the run of that id may be doing well. */
  #accept(result: Result, correlationId: string | undefined): void {
    const conflict = result.run.error?.code === 'id_conflict';
    const job = this.#runs.find(result.run.id)?.job;
    if (conflict && job?.correlationId !== correlationId) return;
    this.#runs.arrived(result);
  }
}
