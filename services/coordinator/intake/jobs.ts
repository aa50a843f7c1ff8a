import { namedByContent } from '../../../shared/artifacts/references.ts';
import { type Job, nameSchema, type Result } from '../../../shared/envelope/envelope.ts';
import { runIdOf } from '../../../shared/envelope/ids.ts';
import { openDelivery } from '../../../shared/envelope/open-delivery.ts';
import { describe } from '../../../shared/errors/describe.ts';
import { ContractError, UnprocessableError } from '../../../shared/errors/errors.ts';
import type { CompiledFlow } from '../../../shared/flow/kernel.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { logRefused } from '../../../shared/telemetry/refusal-log.ts';
import { queue } from '../../../shared/transport/topology.ts';
import type { Delivery } from '../../../shared/transport/transport.ts';
import type { Access, Caller } from '../access/access.ts';
import { mayUseFlow } from '../access/grant.ts';
import { type DoorOptions, lightJob } from '../artifacts/door.ts';
import { checkBrought, checkFresh } from '../artifacts/own-references.ts';
import { jobDigestOf, newRun } from '../engine/new-run.ts';
import type { Run } from '../engine/run.ts';
import type { FlowBook } from '../flow-book.ts';
import { type RefusedJob, refusalRow, resultRow } from '../messages.ts';
import { parkedRow, parkTask } from '../parked.ts';
import { type RunDraft, resultKey } from '../run-draft.ts';
import type { Task } from '../transition.ts';
import { jobHeadersOf } from './job-headers.ts';

/**
 * Intake: what a delivery of the jobs queue becomes.
 * 1. What cannot be read is parked in `dead.unprocessable`, and answered to nobody: nothing in it can be believed.
 * 2. What can be read and cannot become a run is answered with a failed result, so that no client waits for ever:
 *    `flow_unknown`, `input_invalid`, `id_conflict`, `deadline_invalid`, `budget_invalid`, `deadline_exceeded`, `not_allowed`,
 *    `rate_limited`, `message_too_large`, `artifact_not_allowed`, `artifact_missing`, `reference_not_allowed`, and what `lightJob` throws.
 * 3. The same job again changes nothing; when its run has ended, it is answered with the stored result.
 */
export interface IntakeOptions extends DoorOptions {
  readonly flows: FlowBook;
  readonly access: Access;
}

const refusedJob = { what: 'job refused', queue: queue.jobs };
/** It is taken in all the same. */
const invisibleText = {
  what: 'the job holds text that nobody can see',
  queue: queue.jobs,
  code: 'invisible_text',
};

interface ReadableJob {
  readonly delivery: Delivery;
  readonly job: Job;
  readonly caller: Caller;
  /** Why it becomes no run now. Decided once: a transaction may decide again. */
  readonly refusal: ContractError | undefined;
  readonly client: string;
  readonly flow: string;
  readonly runId: string;
  readonly digest: string;
}

export async function jobTask(delivery: Delivery, options: IntakeOptions): Promise<Task> {
  const { logger, now } = options;
  try {
    const readable = await light(read(delivery, options), options);
    const { runId } = readable;
    return {
      runId,
      decide: (draft) => takeIn(readable, draft, options),
      giveUp: (draft, error) => draft.publish(parkedRow(delivery, error, now())),
    };
  } catch (error) {
    const { code, message } = describe(error);
    const { messageId, routingKey } = delivery;
    logRefused(logger, { ...refusedJob, code, messageId, flow: routingKey }, message);
    return parkTask(delivery, error, now());
  }
}

function read(delivery: Delivery, { access, logger, now }: IntakeOptions): ReadableJob {
  const caller = access.callerOf(delivery);
  const { client, tenant } = caller;
  const flow = delivery.routingKey;
  const job = openDelivery('job', delivery, {
    nowMs: now(),
    onInvisibleText: () => logRefused(logger, { ...invisibleText, flow, client }),
  });
  // `operation` is taken: answers to operations have it where results have their flow.
  if (flow === 'operation' || !nameSchema.safeParse(flow).success) {
    throw new UnprocessableError('flow_unknown', 'The routing key is no name of a flow.');
  }
  const runId = runIdOf(tenant, client, job.id);
  const bytes = delivery.body.byteLength;
  const unfit = refusalOf(() => checkBrought('The job', job, bytes, { id: runId, tenant }));
  return {
    delivery,
    job,
    caller,
    refusal: unfit ?? refusalOf(() => checkBeginning(job, caller, flow, access, now())),
    client,
    flow,
    runId,
    digest: unfit === undefined ? digestOf(flow, job) : jobDigestOf(flow, job.payload, job.context),
  };
}

/** A large value is the same wherever its sender has put it this time. */
function digestOf(flow: string, { payload, context }: Job): string {
  return jobDigestOf(flow, namedByContent(payload), namedByContent(context));
}

/** What speaks against a new run, though not against the job: when its run is there it is answered all the same. */
function checkBeginning(job: Job, caller: Caller, flow: string, access: Access, nowMs: number) {
  checkFresh(job.payload, nowMs);
  checkFresh(job.context, nowMs);
  mayUseFlow(caller.client, caller.grant, flow);
  access.count(caller);
}

/** What is large of a job that nothing speaks against is moved to the artifact store. */
async function light(readable: ReadableJob, options: IntakeOptions): Promise<ReadableJob> {
  const { delivery, runId, caller, refusal } = readable;
  if (refusal !== undefined) return readable;
  const scope = { tenant: caller.tenant, run: runId };
  try {
    const job = await lightJob(readable.job, delivery.body.byteLength, scope, options);
    return { ...readable, job };
  } catch (error) {
    if (error instanceof ContractError) return { ...readable, refusal: error };
    throw error;
  }
}

function refusalOf(check: () => void): ContractError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof ContractError) return error;
    throw error;
  }
}

async function takeIn(job: ReadableJob, draft: RunDraft, options: IntakeOptions): Promise<void> {
  try {
    if (draft.run) await repeat(job, draft.run, draft);
    else await begin(job, draft, options);
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    refuse(job, error, draft, options.logger);
  }
}

async function begin(
  readable: ReadableJob,
  draft: RunDraft,
  options: IntakeOptions,
): Promise<void> {
  const { delivery, job, caller, client, runId, digest } = readable;
  const { tenant, grant } = caller;
  if (readable.refusal !== undefined) throw readable.refusal;
  const { flowVersion, ...headers } = jobHeadersOf(delivery);
  const flow = fitting(readable, options.flows.find(readable.flow, flowVersion));
  if (headers.deadlineMs !== undefined && headers.deadlineMs <= draft.nowMs) {
    throw new ContractError('deadline_exceeded', 'The deadline of the job has passed.');
  }
  const { priority, watch, traceparent, deadlineMs, budget } = headers;
  await draft.start(
    newRun({
      runId,
      digest,
      tenant,
      client,
      job,
      flow,
      priority,
      maxPriority: grant.maxPriority,
      watch,
      traceparent,
      acceptedAtMs: draft.nowMs,
      ...(delivery.correlationId ? { correlationId: delivery.correlationId } : {}),
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      ...(budget === undefined ? {} : { budget }),
    }),
  );
}

/** The flow, if there is one and the job fits it. */
function fitting({ job, flow: name }: ReadableJob, flow: CompiledFlow | undefined): CompiledFlow {
  if (!flow) throw new ContractError('flow_unknown', `No flow ${name} is loaded here.`);
  const problems = flow.checkInput(job.payload);
  if (problems.length === 0) return flow;
  const message = `The payload does not fit the flow ${name}: ${problems.join('; ')}`;
  throw new ContractError('input_invalid', message);
}

/** The same job came again. */
async function repeat(readable: ReadableJob, run: Run, draft: RunDraft): Promise<void> {
  if (run.jobDigest !== readable.digest) {
    throw new ContractError(
      'id_conflict',
      `The id ${readable.job.id} belongs to another job of this client; give this one an id of its own.`,
    );
  }
  if (run.finishedAtMs === null) return;
  const result = (await draft.read(resultKey)) as unknown as Result | undefined;
  if (!result) return;
  const correlationId = readable.delivery.correlationId;
  draft.publish(resultRow(run, result, { nowMs: draft.nowMs, correlationId }));
}

function refuse(
  readable: ReadableJob,
  error: ContractError,
  draft: RunDraft,
  logger: Logger,
): void {
  const { code, message } = error;
  const { flow, client, runId: run, delivery, job } = readable;
  logRefused(logger, { ...refusedJob, code, run, flow, client, job: job.id });
  const refused: RefusedJob = {
    ...readable,
    error: { code, message },
    correlationId: delivery.correlationId,
  };
  draft.publish(refusalRow(refused, draft.nowMs));
}
