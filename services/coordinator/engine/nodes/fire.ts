import { isJsonObject, type JsonObject } from '../../../../shared/envelope/json.ts';
import { closeCallsIn } from '../close-calls.ts';
import { done, failed, type NodeOutcome } from '../draft.ts';
import { keyOf } from '../keys.ts';
import { gapsOf, indicesOf } from '../ranges.ts';
import { mergePatch, peek, requireRead, writeFacts } from '../values.ts';
import { branchAt } from './branch.ts';
import { gather } from './gather.ts';
import type { ScatterSite } from './scatter-site.ts';
import type { Tally } from './tally.ts';

/** More names than this help nobody in a sentence. */
const NAMES_IN_A_MESSAGE = 10;

/** Brings together what the branches gave; those still open are abandoned. */
export function fireJoin(site: ScatterSite, tally: Tally): NodeOutcome {
  const { node, path, indices, draft } = site;
  const succeeded = indicesOf(tally.succeeded);
  const patches = patchesOf(site, tally);
  const gathered = gather({ node, path, total: tally.total, succeeded, indices }, draft);
  abandonOpen(site, tally);
  if (!gathered.ok) return { type: 'failed', error: gathered.error };
  const { value, facts } = gathered.value;
  const missing = gapsOf(tally.succeeded, tally.total).map(
    (index) => branchAt(node, index, indices).id,
  );
  draft.written.set(path, value);
  writeFacts(node.path, { ...facts, $missing: missing }, indices, draft);
  if (node.patchKey !== undefined && patches.length > 0) {
    const patch = Object.fromEntries(patches.flatMap((patch) => Object.entries(patch)));
    mergePatch(keyOf(node.patchKey, indices), patch, draft);
  }
  draft.missing.push(...missing.map((id) => `${path}/${id}`));
  draft.history.push({
    type: 'join_fired',
    path,
    facts: { branches: tally.total, missing: missing.length },
  });
  return done;
}

/** Ends a scatter whose join cannot fire. */
export function failJoin(
  site: ScatterSite,
  tally: Tally,
  code: 'branch_failed' | 'join_impossible' | 'join_empty' | 'join_expired',
): NodeOutcome {
  const { node, path } = site;
  abandonOpen(site, tally);
  // Branches that ran out of time in earlier decisions count as well.
  if (Object.values(tally.failed).includes('deadline_exceeded')) site.draft.outOfTime = true;
  if (code === 'branch_failed' && tally.firstError !== undefined) {
    return { type: 'failed', error: tally.firstError };
  }
  const had = `${tally.succeededCount} of ${tally.total} branches of ${path} succeeded`;
  const asked = node.join.need === 'all' ? 'at least one' : `${node.join.need}`;
  const message = `${had}, ${asked} had to${failuresOf(site, tally)}.`;
  return failed(code, message, path);
}

/** The patches of the branches that succeeded, in the order written. */
function patchesOf({ node, indices, draft }: ScatterSite, tally: Tally): readonly JsonObject[] {
  if (node.patchKey === undefined) return [];
  const succeeded = new Set(tally.patched.length === 0 ? [] : indicesOf(tally.succeeded));
  return tally.patched
    .filter((index) => succeeded.has(index))
    .map((index) => peek(branchAt(node, index, indices).patchKey, draft))
    .filter(isJsonObject);
}

function abandonOpen({ draft }: ScatterSite, tally: Tally): void {
  requireRead(draft);
  for (const child of Object.values(tally.active)) closeCallsIn(child, 'attempt_abandoned', draft);
}

function failuresOf({ node, indices }: ScatterSite, tally: Tally): string {
  const failures = Object.entries(tally.failed);
  if (failures.length === 0) return '';
  const named = failures
    .slice(0, NAMES_IN_A_MESSAGE)
    .map(([index, code]) => `${branchAt(node, Number(index), indices).id}: ${code}`);
  const more = failures.length - named.length;
  return ` (${named.join(', ')}${more > 0 ? ` and ${more} more` : ''})`;
}
