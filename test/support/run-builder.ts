import type { Run } from '../../services/coordinator/engine/run.ts';
import type { Changes, OutboxRow } from '../../services/coordinator/store/store.ts';
import { runIdOf } from '../../shared/envelope/ids.ts';

/** A run in the state that `overrides` say, else freshly started. */
export function aRun(jobId: string, overrides: Partial<Run> = {}): Run {
  const id = runIdOf('default', 'tester', jobId);
  return {
    id,
    revision: 1,
    tenant: 'default',
    client: 'tester',
    jobId,
    jobDigest: 'digest',
    correlationId: id,
    flow: 'chain',
    flowVersion: 1,
    flowDigest: 'flow-digest',
    priority: 1,
    watch: false,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    acceptedAtMs: 1_000,
    deadlineMs: 301_000,
    status: 'running',
    startedAtMs: 1_000,
    finishedAtMs: null,
    state: null,
    closed: [],
    usage: { calls: 0, inputTokens: 0, outputTokens: 0, microUsd: 0, computeMs: 0 },
    steps: {},
    degraded: [],
    missing: [],
    error: null,
    dueMs: 301_000,
    ...overrides,
  };
}

/** An outbox row of a run, due at `dueAtMs`. */
export function anOutboxRow(id: string, overrides: Partial<OutboxRow> = {}): OutboxRow {
  return {
    id,
    runId: null,
    attemptKey: null,
    exchange: 'flotilla.work',
    routingKey: 'echo.v1',
    type: 'request',
    correlationId: null,
    headers: { 'flotilla-schema-version': 1 },
    body: Buffer.from('{"id":"x"}'),
    dueAtMs: 1_000,
    ...overrides,
  };
}

/** Changes of one batch; what is not named is empty. */
export function changes(some: Partial<Changes>): Changes {
  return { runs: [], values: [], history: [], outbox: [], published: [], ...some };
}
