import type { RunError } from '../../../../shared/envelope/envelope.ts';
import type { ScatterNode } from '../../../../shared/flow/kernel.ts';
import { type Draft, type NodeOutcome, open } from '../draft.ts';
import { evaluateList } from '../evaluate.ts';
import { keyOf } from '../keys.ts';
import type { ScatterFrame } from '../run.ts';
import { requireRead, unlessUnread } from '../values.ts';
import { branchAt, branchHolding } from './branch.ts';
import { failJoin, fireJoin } from './fire.ts';
import { verdictAtExpiry, verdictOf } from './join.ts';
import type { ScatterSite } from './scatter-site.ts';
import { frameOf, settle, standingOf, type Tally, tallyOf } from './tally.ts';

export function startScatter(
  node: ScatterNode,
  indices: readonly number[],
  draft: Draft,
): NodeOutcome {
  const site: ScatterSite = { node, path: keyOf(node.path, indices), indices, draft };
  const branches = openBranches(site);
  if (typeof branches !== 'number') return { type: 'failed', error: branches };
  const { withinMs } = node.join;
  const frame: ScatterFrame = {
    kind: 'scatter',
    total: branches,
    next: 0,
    active: {},
    succeeded: [],
    failed: {},
    patched: [],
    withinAtMs: withinMs === undefined ? null : draft.facts.nowMs + withinMs,
  };
  return goOn(site, frame, tallyOf(frame));
}

export function advanceScatter(
  node: ScatterNode,
  frame: ScatterFrame,
  indices: readonly number[],
  draft: Draft,
): NodeOutcome {
  const site: ScatterSite = { node, path: keyOf(node.path, indices), indices, draft };
  const { event, facts } = draft;
  const tally = tallyOf(frame);
  if (event.type === 'timerDue' && frame.withinAtMs !== null && facts.nowMs >= frame.withinAtMs) {
    const verdict = verdictAtExpiry(node.join, standingOf(tally));
    return verdict === 'fires' ? fireJoin(site, tally) : failJoin(site, tally, verdict);
  }
  for (const index of concerned(site, frame)) {
    const child = frame.active[index];
    if (child === undefined) continue;
    const { body, indices: own } = branchAt(node, index, indices);
    const outcome = unlessUnread(() => draft.walk.advance(body, child, own, draft));
    if (outcome === undefined) continue;
    settle(site, tally, index, outcome);
    if (verdictOf(node.join, standingOf(tally)) !== 'open') break;
  }
  return goOn(site, frame, tally);
}

/** Starts branches while there is room, then does what the join says. */
function goOn(site: ScatterSite, frame: ScatterFrame, tally: Tally): NodeOutcome {
  const { node, indices, draft } = site;
  let verdict = verdictOf(node.join, standingOf(tally));
  let unread = 0;
  while (
    verdict === 'open' &&
    tally.next < tally.total &&
    tally.activeCount + unread < node.concurrency
  ) {
    const index = tally.next;
    tally.next += 1;
    const { body, indices: own } = branchAt(node, index, indices);
    const outcome = unlessUnread(() => draft.walk.start(body, own, draft));
    if (outcome === undefined) unread += 1;
    else settle(site, tally, index, outcome);
    verdict = verdictOf(node.join, standingOf(tally));
  }
  requireRead(draft);
  if (verdict === 'fires') return fireJoin(site, tally);
  if (verdict !== 'open') return failJoin(site, tally, verdict);
  return open(frameOf(frame, tally));
}

/** Indices of the active branches that this event is about. */
function concerned({ node, indices, draft }: ScatterSite, frame: ScatterFrame): readonly number[] {
  const { event } = draft;
  if (!('path' in event)) return Object.keys(frame.active).map(Number);
  const index = branchHolding(node, frame.active, event.path, indices);
  return index === undefined ? [] : [index];
}

/** How many branches there are; elements are written down first. */
function openBranches({ node, path, indices, draft }: ScatterSite): number | RunError {
  const { over } = node;
  if (over.kind === 'branches') return over.branches.length;
  const list = evaluateList(over.list, { step: path, indices }, draft);
  if (!list.ok) return list.error;
  const { length } = list.value;
  if (length > over.maxElements) {
    const message = `${path} has ${length} elements; at most ${over.maxElements} are allowed.`;
    return { code: 'too_many_elements', message, step: path };
  }
  for (const [index, element] of list.value.entries()) {
    draft.written.set(keyOf(over.itemKey, [...indices, index]), element);
  }
  return length;
}
