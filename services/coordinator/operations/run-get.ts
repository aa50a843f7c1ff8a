import { z } from 'zod';
import type { RunDetails } from '../../../shared/client/verbs.ts';
import { idSchema } from '../../../shared/envelope/envelope.ts';
import { runIdOf } from '../../../shared/envelope/ids.ts';
import { priorityOf } from '../../../shared/envelope/priority.ts';
import { FleetError } from '../../../shared/errors/errors.ts';
import { readLinks } from '../continuations/links.ts';
import type { HeldCall } from '../engine/open-calls.ts';
import { heldCalls, openCalls, openWaits } from '../engine/open-calls.ts';
import { restsOf } from '../engine/rests.ts';
import type { Run } from '../engine/run.ts';
import { readPauses } from '../pauses.ts';
import { resultKey } from '../run-draft.ts';
import type { HistoryRow, Store } from '../store/store.ts';
import { aboutRun, instantOf } from './about-run.ts';
import { contextOrigins } from './context-origins.ts';
import { ownRun } from './find-run.ts';
import { operation, type ReadingContext } from './operation.ts';

const schema = z.union([
  z.object({ run: z.uuid() }),
  /** A job of the client that asks. */
  z.object({ job: idSchema }),
]);

/** `run.get`: all that is known of a run: status, ledger, what it waits for, its timeline and its result. */
export const runGet = operation(
  'run.get',
  { schema, takes: '{ run: uuid } or { job: id }' },
  async (args, { store, flows, tenant, client }: ReadingContext): Promise<RunDetails> => {
    const id = 'run' in args ? args.run : runIdOf(tenant, client, args.job);
    const run = await ownRun(id, { store, tenant });
    const history = await store.readHistory(id);
    return {
      run: {
        ...aboutRun(run),
        priority: priorityOf(run.priority),
        askedPriority: priorityOf(run.askedPriority ?? run.priority),
        steps: run.steps,
        budget: run.budget === undefined ? null : { ...run.budget },
        degraded: [...run.degraded],
        missing: [...run.missing],
        continuedBy: await readLinks(id, store),
      },
      open: openCalls(run).map(({ path, attempt, phase: { model, version } }) => ({
        path,
        attempt,
        model,
        version,
      })),
      held: heldCalls(run).map(aboutHeld),
      waits: openWaits(run).map(({ path, sinceMs, untilMs }) => ({
        path,
        since: instantOf(sinceMs),
        until: untilMs === null ? null : instantOf(untilMs),
        ask: askedAt(path, history),
      })),
      rests: restsOf(run, await pausedIn(store)).map((rest) => ({ ...rest })),
      context: await originsIn(run, { flows, store }),
      history: history.map(({ runId: _, atMs, ...entry }) => ({ at: instantOf(atMs), ...entry })),
      result: (await store.readValue(id, resultKey)) ?? null,
    };
  },
);

/** None where the definition of its flow is in no store any more: that is no reason to show nothing. */
async function originsIn(
  run: Run,
  { flows, store }: Pick<ReadingContext, 'flows' | 'store'>,
): Promise<RunDetails['context']> {
  try {
    const flow = await flows.pinned(run, store);
    return await contextOrigins(run, flow, (key) => store.readValue(run.id, key));
  } catch (error) {
    if (error instanceof FleetError && error.code === 'flow_missing') return {};
    throw error;
  }
}

async function pausedIn(store: Store): Promise<(model: string) => boolean> {
  const pauses = await readPauses(store);
  return (model) => pauses.get(model)?.paused === true;
}

function aboutHeld({ path, attempt, phase }: HeldCall): RunDetails['held'][number] {
  const { why, model = null, lookAtMs } = phase;
  return {
    path,
    attempt,
    why,
    model,
    looksAgainAt: lookAtMs === null ? null : instantOf(lookAtMs),
  };
}

/** What a node that waits asks, as it was written down when it began. */
function askedAt(path: string, history: readonly HistoryRow[]) {
  const began = history.findLast((row) => row.type === 'wait_began' && row.path === path);
  return began?.facts?.['ask'] ?? null;
}
