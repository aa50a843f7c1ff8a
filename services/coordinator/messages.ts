import type { Job, Result, RunError } from '../../shared/envelope/envelope.ts';
import { header } from '../../shared/envelope/headers.ts';
import { DEFAULT_TENANT, messageIdOf, newId } from '../../shared/envelope/ids.ts';
import type { JsonValue } from '../../shared/envelope/json.ts';
import { message } from '../../shared/envelope/message.ts';
import { priorityOf } from '../../shared/envelope/priority.ts';
import { exchange, routingKey } from '../../shared/transport/topology.ts';
import type {
  Delivery,
  MessageHeaders,
  OutgoingMessage,
} from '../../shared/transport/transport.ts';
import type { Command } from './engine/decision.ts';
import { attemptKeyOf } from './engine/keys.ts';
import type { Run } from './engine/run.ts';
import { noUsage } from './engine/usage.ts';
import type { OutboxRow } from './store/store.ts';

/** How long the process that wrote an outbox row has it for itself; then the relay takes over. */
const PUBLISH_WITHIN_MS = 10_000;
/** Longest sentence that a header carries. */
const MAX_REASON_MESSAGE = 1_024;
/** What the step block of a request holds of a re-ask. */
const MAX_PROBLEMS = 32;
const MAX_PROBLEM_LENGTH = 1_024;

/** The request of an attempt; sent again, it has the same id. */
export function requestRow(
  run: Run,
  command: Command & { readonly type: 'dispatch' },
  nowMs: number,
): OutboxRow {
  const { path, attempt, model, version, timeoutMs, reask, provenance } = command;
  const sentAt = new Date(nowMs).toISOString();
  const request = message({
    type: 'request',
    exchange: exchange.work,
    routingKey: routingKey.request(model, version),
    correlationId: run.id,
    headers: {
      ...headersOf(run),
      [header.deadline]: new Date(run.deadlineMs).toISOString(),
      ...(run.watch ? { [header.watch]: 'true' } : {}),
    },
    envelope: {
      id: messageIdOf(run.id, path, attempt, 'request'),
      timestamp: sentAt,
      payload: command.input,
      context: command.context,
      step: {
        run: run.id,
        path,
        model,
        version,
        attempt,
        ...(run.tenant === DEFAULT_TENANT ? {} : { tenant: run.tenant }),
        timeoutMs,
        deadline: new Date(command.deadlineMs).toISOString(),
        sentAt,
        ...(reask === undefined ? {} : { reask: reask.map(asProblem).slice(0, MAX_PROBLEMS) }),
        ...(provenance === undefined ? {} : { provenance }),
      },
    },
  });
  return rowOf(request, nowMs, { runId: run.id, attemptKey: attemptKeyOf(path, attempt) });
}

/** One problem of a re-ask, as long as a request may carry it. */
function asProblem(problem: string): string {
  return problem.slice(0, MAX_PROBLEM_LENGTH);
}

/** What a finished run hands to its client. */
export function resultOf(run: Run, payload: JsonValue): Result {
  const finishedAtMs = run.finishedAtMs ?? run.acceptedAtMs;
  return {
    id: run.jobId,
    timestamp: new Date(finishedAtMs).toISOString(),
    payload,
    context: {},
    run: {
      id: run.id,
      ...(run.tenant === DEFAULT_TENANT ? {} : { tenant: run.tenant }),
      flow: run.flow,
      version: run.flowVersion,
      ...cappedPriority(run),
      status: run.status === 'pending' || run.status === 'running' ? 'failed' : run.status,
      startedAt: new Date(run.startedAtMs ?? run.acceptedAtMs).toISOString(),
      finishedAt: new Date(finishedAtMs).toISOString(),
      usage: run.usage,
      steps: run.steps,
      degraded: [...run.degraded],
      missing: [...run.missing],
      ...(run.error === null ? {} : { error: run.error }),
    },
  };
}

/** What the cap of its client did to the priority that a job asked for; nothing where it did nothing. */
function cappedPriority({ priority, askedPriority }: Run): Pick<Result['run'], 'priority'> {
  if (askedPriority === undefined) return {};
  return { priority: { asked: priorityOf(askedPriority), given: priorityOf(priority) } };
}

/** The message that carries a run's result. `correlationId` is what the asking job set, where it set one. */
export function resultRow(
  run: Run,
  result: Result,
  {
    nowMs,
    correlationId = run.correlationId,
  }: { nowMs: number; correlationId?: string | undefined },
): OutboxRow {
  const published = message({
    type: 'result',
    exchange: exchange.results,
    routingKey: routingKey.result(run.flow, result.run.status, run.client),
    correlationId,
    headers: headersOf(run),
    envelope: result,
  });
  return rowOf(published, nowMs, { runId: run.id });
}

/** A readable job that became no run. */
export interface RefusedJob {
  readonly job: Job;
  /** The run it would have been. */
  readonly runId: string;
  readonly flow: string;
  readonly client: string;
  readonly correlationId: string | undefined;
  readonly error: RunError;
  /** Tells apart refusals of different jobs under one id. */
  readonly digest: string;
}

/** The answer to a job that became no run: nothing of it is stored. */
export function refusalRow(refused: RefusedJob, nowMs: number): OutboxRow {
  const { job, runId, flow, client, error } = refused;
  const status = error.code === 'deadline_exceeded' ? 'timed_out' : 'failed';
  const at = new Date(nowMs).toISOString();
  const run = { id: runId, flow, version: 1, status, startedAt: at, finishedAt: at } as const;
  const published = message({
    type: 'result',
    exchange: exchange.results,
    routingKey: routingKey.result(flow, status, client),
    correlationId: refused.correlationId ?? runId,
    envelope: {
      id: job.id,
      timestamp: at,
      payload: null,
      context: {},
      run: { ...run, usage: noUsage, steps: {}, degraded: [], missing: [], error },
    },
  });
  // Its own id: the result of the run that has this id may be waiting in the same outbox.
  const messageId = messageIdOf(runId, `${error.code}/${refused.digest}`, 0, 'result');
  return rowOf({ ...published, messageId }, nowMs, {});
}

/**
 * A delivery for the dead letters: the bytes as they came and why. The sender's headers are left behind: they may be what
 * was wrong, and a token must not travel on.
 */
export function deadRow(
  delivery: Delivery,
  key: 'unprocessable' | 'failed',
  reason: { readonly code: string; readonly message: string; readonly nowMs: number },
): OutboxRow {
  const parked: OutgoingMessage = {
    exchange: exchange.dead,
    routingKey: key,
    body: delivery.body,
    messageId: newId(),
    type: delivery.type ?? 'unknown',
    ...(delivery.correlationId === undefined ? {} : { correlationId: delivery.correlationId }),
    headers: {
      [header.reason]: reason.code,
      [header.reasonMessage]: reason.message.slice(0, MAX_REASON_MESSAGE),
    },
  };
  return rowOf(parked, reason.nowMs, {});
}

/** A step whose ladder is spent, for the dead letters: the request as it would be made again, and why it is there. */
export function deadStepRow(
  run: Run,
  command: Command & { readonly type: 'deadLetter' },
  nowMs: number,
): OutboxRow {
  const { path, attempt, model, version, code, message: sentence, input } = command;
  const at = new Date(nowMs).toISOString();
  const letter = message({
    type: 'request',
    exchange: exchange.dead,
    routingKey: 'failed',
    correlationId: run.id,
    headers: {
      ...headersOf(run),
      [header.reason]: code,
      [header.reasonMessage]: sentence.slice(0, MAX_REASON_MESSAGE),
    },
    envelope: {
      id: messageIdOf(run.id, path, attempt, 'dead'),
      timestamp: at,
      payload: input ?? {},
      context: {},
      step: {
        run: run.id,
        path,
        model,
        version,
        attempt: Math.max(1, attempt),
        timeoutMs: 1,
        deadline: new Date(run.deadlineMs).toISOString(),
        sentAt: at,
      },
    },
  });
  return rowOf(letter, nowMs, { runId: run.id });
}

/** The message of an outbox row. Nobody has to listen for a result; anything else that no queue takes stays in the outbox. */
export function outgoingOf(row: OutboxRow): OutgoingMessage {
  return {
    exchange: row.exchange,
    routingKey: row.routingKey,
    body: row.body,
    messageId: row.id,
    type: row.type,
    headers: row.headers,
    mandatory: row.exchange !== exchange.results,
    ...(row.correlationId === null ? {} : { correlationId: row.correlationId }),
  };
}

function rowOf(
  outgoing: OutgoingMessage,
  nowMs: number,
  owner: { readonly runId?: string; readonly attemptKey?: string },
): OutboxRow {
  return {
    id: outgoing.messageId,
    runId: owner.runId ?? null,
    attemptKey: owner.attemptKey ?? null,
    exchange: outgoing.exchange,
    routingKey: outgoing.routingKey,
    type: outgoing.type,
    correlationId: outgoing.correlationId ?? null,
    headers: outgoing.headers ?? {},
    body: outgoing.body,
    dueAtMs: nowMs + PUBLISH_WITHIN_MS,
  };
}

function headersOf(run: Run): MessageHeaders {
  return { [header.traceparent]: run.traceparent };
}
