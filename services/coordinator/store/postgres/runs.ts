import type { Run } from '../../engine/run.ts';
import { RUNS_SEARCHED } from '../bounds.ts';
import type { RunFilter } from '../store.ts';
import type { Run as RunStatement, Statement } from './statements.ts';

/** Lists runs newest first, flow by flow: one index serves those of one flow and of all. */
export async function listRuns(
  run: RunStatement,
  { status, flow, tenant }: RunFilter,
  limit: number,
  beforeId?: string,
): Promise<readonly Run[]> {
  const values: unknown[] = [limit, flow ?? null, beforeId ?? null];
  if (status !== undefined) values.push(status);
  if (tenant !== undefined) values.push(tenant);
  const ofTenant = tenant === undefined ? '' : `AND runs.tenant = $${values.length}`;
  const { rows } = await run<{ record: string }>(listing(status, ofTenant), values);
  return rows.map(({ record }) => JSON.parse(record) as Run);
}

/** $1 limit, $2 flow or null, $3 id of the run before the first or null, then status and tenant where there are such. */
function listing(status: Run['status'] | undefined, ofTenant: string): Statement {
  return {
    name: `listRuns ${status ?? 'all'}${ofTenant && ' of a tenant'}`,
    text: `
      WITH RECURSIVE all_flows (flow) AS (
        (SELECT flow FROM runs WHERE $2::text IS NULL ${ofTenant} ORDER BY flow LIMIT 1)
        UNION ALL
        SELECT (SELECT runs.flow FROM runs WHERE runs.flow > all_flows.flow ${ofTenant} ORDER BY runs.flow LIMIT 1)
        FROM all_flows WHERE flow IS NOT NULL
      ), flows AS MATERIALIZED (
        SELECT $2::text AS flow WHERE $2::text IS NOT NULL
        UNION ALL
        SELECT flow FROM all_flows WHERE flow IS NOT NULL
      ), open AS MATERIALIZED (
        SELECT id FROM open_runs
      ), newest AS MATERIALIZED (
        ${newest(status, ofTenant)}
        ORDER BY stored_at DESC, number DESC LIMIT $1
      )
      SELECT found.record FROM newest CROSS JOIN LATERAL (
        SELECT record FROM runs WHERE runs.id = newest.id OFFSET 0
      ) AS found
      ORDER BY newest.stored_at DESC, newest.number DESC`,
  };
}

const columns = 'runs.id, runs.stored_at, runs.number';
/** Nothing is before a run that is not there. */
const isBefore = `
  (runs.stored_at, runs.number) < (
    CASE WHEN $3::text IS NULL THEN 'infinity' ELSE (SELECT stored_at FROM runs WHERE id = $3) END,
    CASE WHEN $3::text IS NULL THEN 0 ELSE (SELECT number FROM runs WHERE id = $3) END
  )`;
const newestFirst = 'ORDER BY runs.stored_at DESC, runs.number DESC LIMIT';

function newest(status: Run['status'] | undefined, ofTenant: string): string {
  const ofFlow = `FROM runs WHERE runs.flow = flows.flow ${ofTenant} AND ${isBefore}`;
  const perFlow = (query: string) =>
    `SELECT of_flow.* FROM flows CROSS JOIN LATERAL (${query}) AS of_flow`;
  switch (status) {
    case undefined:
      return perFlow(`SELECT ${columns} ${ofFlow} ${newestFirst} $1`);
    case 'pending':
    case 'running':
      // Run by run, not flow by flow: those that are open are few.
      return `
        SELECT found.* FROM open CROSS JOIN LATERAL (
          SELECT ${columns} FROM runs
          WHERE runs.id = open.id AND runs.status = $4 AND ($2::text IS NULL OR runs.flow = $2) ${ofTenant} AND ${isBefore}
          OFFSET 0
        ) AS found`;
    case 'succeeded':
      return perFlow(`
        SELECT id, stored_at, number
        FROM (SELECT ${columns}, runs.status ${ofFlow} ${newestFirst} ${RUNS_SEARCHED}) AS searched
        WHERE status = $4 ORDER BY stored_at DESC, number DESC LIMIT $1`);
    default:
      return perFlow(`
        SELECT ${columns} FROM runs
        WHERE runs.trouble = $4 AND runs.flow = flows.flow ${ofTenant} AND ${isBefore} ${newestFirst} $1`);
  }
}
