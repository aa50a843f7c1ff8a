import type { JsonObject, JsonValue } from '../../../shared/envelope/json.ts';
import { ContractError } from '../../../shared/errors/errors.ts';
import type { CompiledFlow } from '../../../shared/flow/kernel.ts';
import { narrowed } from './budget.ts';
import { indexOf, stepOf } from './flow-index.ts';
import { isAtOrAfter } from './flow-order.ts';
import { contextKey, inputKeyOf, patchKeyOf, payloadKey } from './keys.ts';
import type { NewRun } from './new-run.ts';
import type { Continuation, Run } from './run.ts';
import { noUsage } from './usage.ts';

/** A run that goes on from another one. */
export interface ContinueRun {
  /** It has ended, and stays as it is. */
  readonly origin: Run;
  /** All its values. */
  readonly values: ReadonlyMap<string, JsonValue>;
  /** The flow that the new run is pinned to: the origin's, or another version of it. */
  readonly flow: CompiledFlow;
  readonly kind: Continuation['kind'];
  /** Path of the first step that is made again; null: the first that has no output. */
  readonly from: string | null;
  /** What that step is asked instead of what its mapping says. */
  readonly input?: JsonObject;
  readonly runId: string;
  readonly nowMs: number;
}

/** The new run, and the paths of the calls whose outputs it takes over. */
export interface ContinuedRun extends NewRun {
  readonly reused: readonly string[];
}

/**
 * Makes a run that goes on from another: it has the same job and takes over the outputs of all steps but those at or behind
 * `from`, so that none of them is called again; branches beside it keep theirs. Everything else (routes, joins, loops) is decided
 * anew from these outputs. Throws ContractError `run_open`, `nothing_to_resume`, `step_unknown`.
 */
export function continueRun(asked: ContinueRun): ContinuedRun {
  const { origin, values, flow, kind, from, input, runId, nowMs } = asked;
  assertPossible(asked);
  const kept = new Map<string, JsonValue>();
  const reused: string[] = [];
  for (const key of [payloadKey, contextKey]) {
    const value = values.get(key);
    if (value !== undefined) kept.set(key, value);
  }
  for (const [path, output] of values) {
    if (!isCallPath(path, flow) || (from !== null && isAtOrAfter(path, from, flow))) continue;
    kept.set(path, output);
    reused.push(path);
    const patch = values.get(patchKeyOf(path));
    if (patch !== undefined) kept.set(patchKeyOf(path), patch);
  }
  if (from !== null && input !== undefined) kept.set(inputKeyOf(from), input);
  const lastedMs = origin.deadlineMs - origin.acceptedAtMs;
  const { budget: _budget, reserved: _reserved, ...kin } = origin;
  const run: Run = {
    ...kin,
    id: runId,
    revision: 0,
    flow: flow.name,
    flowVersion: flow.version,
    flowDigest: flow.digest,
    acceptedAtMs: nowMs,
    deadlineMs: nowMs + lastedMs,
    status: 'pending',
    startedAtMs: null,
    finishedAtMs: null,
    state: null,
    closed: [],
    usage: noUsage,
    steps: {},
    ...budgetOf(origin, flow),
    continues: { run: origin.id, kind, from, ...before(origin) },
    degraded: [],
    missing: [],
    error: null,
    dueMs: null,
  };
  return { run, values: kept, reused };
}

/** Another version of the flow has a budget of its own; else what the origin had holds, with what it was given since. */
function budgetOf(origin: Run, flow: CompiledFlow): Pick<Run, 'budget' | 'reserved'> {
  const { flowDigest, askedBudget } = origin;
  const own = flowDigest === flow.digest ? origin.budget : narrowed(flow.budget, askedBudget);
  return own === undefined ? {} : { budget: own, reserved: {} };
}

/** The runs that led to the origin, where it goes on from another one itself. */
function before({ continues }: Run): Pick<Continuation, 'before'> {
  return continues === undefined ? {} : { before: [...(continues.before ?? []), continues.run] };
}

function assertPossible({ origin, values, flow, kind, from }: ContinueRun): void {
  const { id, status } = origin;
  if (origin.finishedAtMs === null) {
    throw new ContractError('run_open', `Run ${id} is ${status}; wait for its end, or cancel it.`);
  }
  if (from !== null) {
    if (isCallPath(from, flow)) return;
    const known = indexOf(flow).callPaths.join(', ');
    throw new ContractError('step_unknown', `${flow.name} has no step ${from}; it has ${known}.`);
  }
  if (kind === 'resume' && status === 'succeeded') {
    throw new ContractError('nothing_to_resume', `Run ${id} has succeeded.`);
  }
  if (!values.has(payloadKey)) {
    throw new ContractError('values_missing', `The values of run ${id} are not kept any more.`);
  }
}

function isCallPath(path: string, flow: CompiledFlow): boolean {
  return stepOf(path, flow) !== undefined;
}
