import { createHash } from 'node:crypto';
import type { BudgetAmounts } from '../../../shared/envelope/budget.ts';
import { canonicalJson } from '../../../shared/envelope/canonical-json.ts';
import type { Job } from '../../../shared/envelope/envelope.ts';
import type { JsonObject, JsonValue } from '../../../shared/envelope/json.ts';
import type { CompiledFlow } from '../../../shared/flow/kernel.ts';
import { narrowed } from './budget.ts';
import { contextKey, payloadKey } from './keys.ts';
import type { Run } from './run.ts';
import { noUsage } from './usage.ts';

/** A job that passed every gate, with what its sender and headers say. */
export interface AcceptedJob {
  readonly runId: string;
  /** Of `jobDigestOf`. */
  readonly digest: string;
  readonly tenant: string;
  readonly client: string;
  readonly job: Job;
  readonly flow: CompiledFlow;
  /** The job's correlation_id property; left out: the run id. */
  readonly correlationId?: string;
  /** The deadline header; the earlier of it and the flow's deadline holds. */
  readonly deadlineMs?: number;
  /** The budget header; the smaller of each amount and the flow's holds. */
  readonly budget?: BudgetAmounts;
  /** The priority header. */
  readonly priority: number;
  /** The most urgent that its client can be. Left out: as urgent as it asks. */
  readonly maxPriority?: number;
  readonly watch: boolean;
  readonly traceparent: string;
  readonly acceptedAtMs: number;
}

export interface NewRun {
  /** Not decided yet: tell it `jobAccepted`. */
  readonly run: Run;
  /** Its first values, to be stored with it. */
  readonly values: ReadonlyMap<string, JsonValue>;
}

/** SHA-256 (hex) of what makes two jobs under one id the same job. The version is left out: a flow may move on between them. */
export function jobDigestOf(flow: string, payload: JsonObject, context: JsonObject): string {
  return createHash('sha256').update(canonicalJson({ flow, payload, context })).digest('hex');
}

/** The run that an accepted job becomes. */
export function newRun(accepted: AcceptedJob): NewRun {
  const { runId: id, digest, tenant, client, job, flow, acceptedAtMs } = accepted;
  const run: Run = {
    id,
    revision: 0,
    tenant,
    client,
    jobId: job.id,
    jobDigest: digest,
    correlationId: accepted.correlationId ?? id,
    flow: flow.name,
    flowVersion: flow.version,
    flowDigest: flow.digest,
    ...priorityOf(accepted),
    watch: accepted.watch,
    traceparent: accepted.traceparent,
    acceptedAtMs,
    deadlineMs: Math.min(acceptedAtMs + flow.deadlineMs, accepted.deadlineMs ?? Infinity),
    status: 'pending',
    startedAtMs: null,
    finishedAtMs: null,
    state: null,
    closed: [],
    usage: noUsage,
    steps: {},
    ...budgetOf(flow, accepted.budget),
    degraded: [],
    missing: [],
    error: null,
    dueMs: null,
  };
  const values = new Map<string, JsonValue>([
    [payloadKey, job.payload],
    [contextKey, job.context],
  ]);
  return { run, values };
}

function priorityOf({ priority, maxPriority = Infinity }: AcceptedJob) {
  return priority <= maxPriority
    ? { priority }
    : { priority: maxPriority, askedPriority: priority };
}

function budgetOf(flow: CompiledFlow, asked: BudgetAmounts | undefined) {
  const budget = narrowed(flow.budget, asked);
  return {
    ...(budget === undefined ? {} : { budget }),
    ...(asked === undefined ? {} : { askedBudget: asked }),
  };
}
