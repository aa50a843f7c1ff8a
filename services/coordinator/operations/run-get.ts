import { z } from 'zod';
import { idSchema } from '../../../shared/envelope/envelope.ts';
import { runIdOf } from '../../../shared/envelope/ids.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { ContractError } from '../../../shared/errors/errors.ts';
import { openCalls } from '../engine/open-calls.ts';
import type { Run } from '../engine/run.ts';
import { resultKey } from '../run-draft.ts';
import type { Operation } from './operation.ts';

const argumentsSchema = z.union([
  z.object({ run: z.uuid() }),
  /** A job of the client that asks. */
  z.object({ job: idSchema }),
]);

/**
 * `run.get` { run } or { job } → { run, open, history, result }: status, open attempts, the timeline, and the result envelope
 * once there is one (null before). Fails with `run_unknown`.
 */
export const runGet: Operation = {
  verb: 'run.get',
  async run(args, { store, tenant, client }) {
    const parsed = argumentsSchema.safeParse(args);
    if (!parsed.success) {
      throw new ContractError('input_invalid', 'run.get takes { run: uuid } or { job: id }.');
    }
    const { data } = parsed;
    const id = 'run' in data ? data.run : runIdOf(tenant, client, data.job);
    const run = await store.findRun(id);
    if (!run || run.tenant !== tenant) {
      throw new ContractError('run_unknown', `There is no run ${id}.`);
    }
    const history = await store.readHistory(id);
    return {
      run: about(run),
      open: openCalls(run).map(({ path, attempt, phase }) => ({
        path,
        attempt,
        model: phase.model,
        version: phase.version,
      })),
      history: history.map(({ runId: _, atMs, ...entry }) => ({ at: instant(atMs), ...entry })),
      result: (await store.readValue(id, resultKey)) ?? null,
    };
  },
};

function about(run: Run): JsonObject {
  return {
    id: run.id,
    job: run.jobId,
    client: run.client,
    flow: run.flow,
    version: run.flowVersion,
    status: run.status,
    acceptedAt: instant(run.acceptedAtMs),
    startedAt: run.startedAtMs === null ? null : instant(run.startedAtMs),
    finishedAt: run.finishedAtMs === null ? null : instant(run.finishedAtMs),
    deadline: instant(run.deadlineMs),
    usage: run.usage,
  };
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
