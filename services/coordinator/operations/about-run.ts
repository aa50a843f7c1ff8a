import type { RunSummary } from '../../../shared/client/verbs.ts';
import type { Run } from '../engine/run.ts';

/** A run at a glance. */
export function aboutRun(run: Run): RunSummary {
  return {
    id: run.id,
    job: run.jobId,
    client: run.client,
    flow: run.flow,
    version: run.flowVersion,
    status: run.status,
    acceptedAt: instantOf(run.acceptedAtMs),
    startedAt: run.startedAtMs === null ? null : instantOf(run.startedAtMs),
    finishedAt: run.finishedAtMs === null ? null : instantOf(run.finishedAtMs),
    deadline: instantOf(run.deadlineMs),
    usage: run.usage,
    error: run.error,
    continues: continuesOf(run),
  };
}

function continuesOf({ continues }: Run): RunSummary['continues'] {
  if (continues === undefined) return null;
  const { run, kind, from } = continues;
  return { run, kind, from };
}

export function instantOf(ms: number): string {
  return new Date(ms).toISOString();
}
