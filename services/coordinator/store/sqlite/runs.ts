import type { DatabaseSync } from 'node:sqlite';
import type { Run } from '../../engine/run.ts';
import { RUNS_SEARCHED } from '../bounds.ts';
import { type RunRecord, runOf } from '../rows.ts';
import type { RunFilter } from '../store.ts';

/** Lists runs of a SQLite file, newest first: their running numbers are in the order in which they were accepted. */
export function listRuns(
  database: DatabaseSync,
  { status, flow, tenant }: RunFilter,
  { limit, before }: { readonly limit: number; readonly before: number },
): readonly Run[] {
  const ofFlow = flow === undefined ? '' : 'AND flow = :flow';
  const ofTenant = tenant === undefined ? '' : 'AND tenant = :tenant';
  const rows = database
    .prepare(
      `SELECT number, record, due_ms FROM runs
       WHERE number IN (${numbersOf(status, ofFlow, ofTenant)}) ORDER BY number DESC`,
    )
    .all({
      before,
      limit,
      ...(flow === undefined ? {} : { flow }),
      ...(tenant === undefined ? {} : { tenant }),
      ...(status === undefined ? {} : { status }),
    });
  return (rows as unknown as RunRecord[]).map(runOf);
}

function numbersOf(status: Run['status'] | undefined, ofFlow: string, ofTenant: string): string {
  const newest = 'AND number < :before ORDER BY number DESC LIMIT';
  switch (status) {
    case undefined:
      return `SELECT number FROM runs WHERE true ${ofFlow} ${ofTenant} ${newest} :limit`;
    case 'pending':
    case 'running':
      return `
        SELECT number FROM runs INDEXED BY runs_open_number
        WHERE status IN ('pending', 'running') AND status = :status ${ofFlow} ${ofTenant} ${newest} :limit`;
    case 'succeeded':
      return `
        SELECT number FROM (
          SELECT number, status FROM runs WHERE true ${ofFlow} ${ofTenant} ${newest} ${RUNS_SEARCHED}
        ) WHERE status = :status LIMIT :limit`;
    default:
      return `
        SELECT number FROM troubled_runs
        WHERE status = :status ${ofFlow} ${ofTenant && `AND number IN (SELECT runs.number FROM runs WHERE runs.number = troubled_runs.number ${ofTenant})`}
        ${newest} :limit`;
  }
}
