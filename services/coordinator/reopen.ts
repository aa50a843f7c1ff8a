import type { Commits } from './commits.ts';
import type { Desk, Task } from './transition.ts';

const PAGE = 100;

/**
 * Takes up again, at the start, what an earlier process left open: where the transport keeps nothing over a restart, every open
 * attempt is published again.
 */
export async function reopenRuns(
  { store, flows, now }: Desk,
  commits: Commits,
  { transportLost }: { readonly transportLost: boolean },
): Promise<void> {
  // A model may have been announced, or a flow loaded, since their jobs were accepted.
  await store.wakePendingRuns([...new Set(flows.flows.map((flow) => flow.name))], now());
  for (let after = ''; transportLost; ) {
    const ids = await store.openRunIds(after, PAGE);
    if (ids.length > 0) await commits.commit(ids.map(transportLostTask));
    const last = ids.at(-1);
    if (ids.length < PAGE || last === undefined) return;
    after = last;
  }
}

function transportLostTask(runId: string): Task {
  return {
    runId,
    decide: (draft) => draft.tell({ type: 'transportLost' }),
    // Its silence will be noticed, and the attempt published again.
    giveUp: () => {},
  };
}
