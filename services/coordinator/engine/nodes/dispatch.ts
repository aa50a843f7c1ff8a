import type { Degradation } from '../../../../shared/envelope/envelope.ts';
import { isJsonObject, type JsonObject } from '../../../../shared/envelope/json.ts';
import type { CallNode, Rung } from '../../../../shared/flow/kernel.ts';
import type { Command } from '../decision.ts';
import { type Draft, type NodeOutcome, open } from '../draft.ts';
import { type Evaluated, evaluateObject } from '../evaluate.ts';
import { inputKeyOf } from '../keys.ts';
import type { CallFrame, OpenPhase } from '../run.ts';
import { silenceMs } from '../silence.ts';
import { peek, peekContext } from '../values.ts';

/** A call, where it stands in its flow. */
export interface CallSite {
  readonly node: CallNode;
  readonly indices: readonly number[];
  readonly draft: Draft;
}

/** What a call's frame says, but for its phase. */
export type Step = Omit<CallFrame, 'kind' | 'phase'>;

/** What a model is asked. */
export interface Request {
  readonly model: string;
  readonly version: number;
  readonly input: JsonObject;
  readonly context: JsonObject;
  readonly reask?: readonly string[];
  readonly degraded?: Degradation;
  readonly answerKey?: string;
  /** It has a place in the model's queue. */
  readonly placed?: true;
}

/** The model of a rung of the step's ladder: its own, then its fallbacks. */
export function rungOf({ node }: CallSite, rung: number): Rung {
  return node.policy.fallback[rung - 1] ?? node;
}

/** The input and context of a request. An open attempt sees the same however often it is published. */
export function inputOf(
  { indices, draft, node }: CallSite,
  step: Pick<Step, 'path'>,
  { input }: Rung,
): { readonly input: Evaluated<JsonObject>; readonly context: JsonObject } {
  // The context first: evaluating asks for all values that are still unread.
  const context = peekContext(node.context, indices, draft);
  const replaced = draft.run.continues && peek(inputKeyOf(step.path), draft);
  const evaluated = evaluateObject(input, { step: step.path, indices }, draft);
  return { context, input: isJsonObject(replaced) ? { ok: true, value: replaced } : evaluated };
}

/** Opens an attempt: its request leaves. */
export function dispatch(site: CallSite, step: Step, request: Request): NodeOutcome {
  const { draft } = site;
  const { model, version, reask, degraded, answerKey, placed } = request;
  draft.leaving.set(model, (draft.leaving.get(model) ?? 0) + 1);
  const phase: OpenPhase = {
    name: 'open',
    model,
    version,
    silentAtMs: silentAtMs(site, model, 0),
    republished: 0,
    ...(degraded === undefined ? {} : { degraded }),
    ...(reask === undefined ? {} : { reask }),
    ...(answerKey === undefined ? {} : { answerKey }),
    ...(placed === undefined ? {} : { placed }),
  };
  return publish(site, 'attempt_dispatched', { kind: 'call', ...step, phase }, request);
}

/** The same attempt leaves again, as the same message; costs no retry. */
export function publishAgain(
  site: CallSite,
  frame: CallFrame,
  phase: OpenPhase,
  republished: number,
): NodeOutcome {
  const { input, context } = inputOf(site, frame, askedIn(site, frame, phase));
  if (!input.ok) return { type: 'failed', error: input.error };
  const { model } = phase;
  const again = { ...phase, republished, silentAtMs: silentAtMs(site, model, republished) };
  const request = { ...phase, input: input.value, context };
  return publish(site, 'attempt_republished', { ...frame, phase: again }, request);
}

/** Its silence counts from now on. */
export function stillExplained(site: CallSite, phase: OpenPhase): OpenPhase {
  return { ...phase, silentAtMs: silentAtMs(site, phase.model, phase.republished) };
}

/** A cheaper model is asked what the model of its rung would have been. */
function askedIn(site: CallSite, frame: CallFrame, { model, version }: OpenPhase): Rung {
  return { ...rungOf(site, frame.rung), model, version };
}

function publish(
  { node, draft }: CallSite,
  type: 'attempt_dispatched' | 'attempt_republished',
  frame: CallFrame,
  { model, version, input, context, reask }: Request,
): NodeOutcome {
  const { path, attempt, withinAtMs } = frame;
  const command: Command = {
    type: 'dispatch',
    path,
    attempt,
    model,
    version,
    input,
    context,
    timeoutMs: node.policy.timeoutMs,
    deadlineMs: Math.min(draft.run.deadlineMs, withinAtMs ?? draft.run.deadlineMs),
    ...(reask === undefined ? {} : { reask }),
  };
  draft.commands.push(command);
  draft.history.push({ type, path, attempt, facts: { model, version } });
  return open(frame);
}

function silentAtMs({ node, draft }: CallSite, model: string, republished: number): number {
  const { nowMs, model: factsOf } = draft.facts;
  return nowMs + silenceMs(factsOf(model), node.policy.timeoutMs, republished);
}
