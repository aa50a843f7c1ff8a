import type { RunDetails } from '../../../shared/client/verbs.ts';
import type { Run } from '../engine/run.ts';
import type { RunDraft } from '../run-draft.ts';
import type { Store } from '../store/store.ts';

/** Beside the values of a run that has ended: the runs that go on from it. The run itself never changes. */
const continuedByKey = '$continuedBy';

type Links = RunDetails['run']['continuedBy'];

/** Writes down, in the transaction that makes it, that a run goes on from the one of this draft. */
export async function writeLink(draft: RunDraft, next: Run): Promise<void> {
  const { continues, id: run } = next;
  if (continues === undefined) return;
  const links = ((await draft.read(continuedByKey)) ?? []) as unknown as Links;
  if (links.some((link) => link.run === run)) return;
  const { kind, from } = continues;
  const value = [...links, { run, kind, from, at: new Date(next.acceptedAtMs).toISOString() }];
  draft.write(continuedByKey, value);
}

/** The runs that go on from this one, in the order they were made. */
export async function readLinks(runId: string, store: Pick<Store, 'readValue'>): Promise<Links> {
  return ((await store.readValue(runId, continuedByKey)) ?? []) as unknown as Links;
}
