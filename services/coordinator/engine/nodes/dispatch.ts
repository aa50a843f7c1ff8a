import type { Degradation } from '../../../../shared/envelope/envelope.ts';
import { isJsonObject, type JsonObject } from '../../../../shared/envelope/json.ts';
import type { Provenance, ValueProvenance } from '../../../../shared/envelope/provenance.ts';
import type { CallNode, Rung } from '../../../../shared/flow/kernel.ts';
import type { Command, ModelFacts } from '../decision.ts';
import { type Draft, type NodeOutcome, open } from '../draft.ts';
import { type Evaluated, evaluateObject } from '../evaluate.ts';
import { inputKeyOf } from '../keys.ts';
import { type Inquiry, provenanceOfContext, provenanceOfReads } from '../provenance.ts';
import type { CallFrame, OpenPhase } from '../run.ts';
import { silenceMs } from '../silence.ts';
import { peek, peekContext, requireRead } from '../values.ts';

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
  readonly provenance?: Provenance;
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
  site: CallSite,
  step: Pick<Step, 'path'>,
  { input }: Rung,
): { readonly input: Evaluated<JsonObject>; readonly context: JsonObject } {
  const { indices, draft, node } = site;
  // The context first: evaluating asks for all values that are still unread.
  const context = peekContext(node.context, indices, draft);
  const replaced = replacedInput(site, step);
  const evaluated = evaluateObject(input, { step: step.path, indices }, draft);
  return { context, input: replaced === undefined ? evaluated : { ok: true, value: replaced } };
}

/** Opens an attempt: its request leaves. */
export function dispatch(site: CallSite, step: Step, request: Request): NodeOutcome {
  const { draft } = site;
  const { model, version, reask, degraded, answerKey, placed } = request;
  draft.leaving.set(model, (draft.leaving.get(model) ?? 0) + 1);
  const facts = draft.facts.model(model);
  const phase: OpenPhase = {
    name: 'open',
    model,
    version,
    silentAtMs: silentAtMs(site, facts, 0),
    republished: 0,
    ...(degraded === undefined ? {} : { degraded }),
    ...(reask === undefined ? {} : { reask }),
    ...(answerKey === undefined ? {} : { answerKey }),
    ...(placed === undefined ? {} : { placed }),
  };
  const told = withProvenance(site, step, request, facts);
  return publish(site, 'attempt_dispatched', { kind: 'call', ...step, phase }, told);
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
  const facts = site.draft.facts.model(phase.model);
  const again = { ...phase, republished, silentAtMs: silentAtMs(site, facts, republished) };
  const asked = { ...phase, input: input.value, context };
  const request = withProvenance(site, frame, asked, facts);
  return publish(site, 'attempt_republished', { ...frame, phase: again }, request);
}

/** Its silence counts from now on. */
export function stillExplained(site: CallSite, phase: OpenPhase): OpenPhase {
  const facts = site.draft.facts.model(phase.model);
  return { ...phase, silentAtMs: silentAtMs(site, facts, phase.republished) };
}

/** A cheaper model is asked what the model of its rung would have been. */
function askedIn(site: CallSite, frame: CallFrame, { model, version }: OpenPhase): Rung {
  return { ...rungOf(site, frame.rung), model, version };
}

function publish(
  { node, draft }: CallSite,
  type: 'attempt_dispatched' | 'attempt_republished',
  frame: CallFrame,
  { model, version, input, context, provenance, reask }: Request,
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
    ...(provenance === undefined ? {} : { provenance }),
  };
  draft.commands.push(command);
  draft.history.push({ type, path, attempt, facts: { model, version } });
  return open(frame);
}

/** The request, with whose its input and context are where its model asks for that. */
function withProvenance(
  site: CallSite,
  step: Step,
  request: Request,
  facts: ModelFacts | undefined,
): Request {
  if (facts?.contract?.(request.version)?.provenance !== true) return request;
  const { node, indices, draft } = site;
  const { flow } = draft.facts;
  const look = (key: string) => peek(key, draft);
  const inquiry: Inquiry = { flow, steps: draft.steps, indices, look };
  const context = Object.entries(provenanceOfContext(node.context, inquiry));
  const { input } = rungOf(site, step.rung);
  const provenance: Provenance = {
    input: replacedInput(site, step)
      ? { untrusted: true, origins: [{ from: 'operation', step: node.path }] }
      : provenanceOfReads(input.reads, inquiry),
    context: Object.fromEntries(context.filter(([, one]) => !isOfJobAlone(one))),
  };
  requireRead(draft);
  return { ...request, provenance };
}

function isOfJobAlone({ origins }: ValueProvenance): boolean {
  return origins.every(({ from }) => from === 'job');
}

/** In a run that goes on from another: what this step is asked instead of what its mapping says. */
function replacedInput({ draft }: CallSite, { path }: Pick<Step, 'path'>): JsonObject | undefined {
  const replaced = draft.run.continues && peek(inputKeyOf(path), draft);
  return isJsonObject(replaced) ? replaced : undefined;
}

function silentAtMs(
  { node, draft }: CallSite,
  facts: ModelFacts | undefined,
  republished: number,
): number {
  return draft.facts.nowMs + silenceMs(facts, node.policy.timeoutMs, republished);
}
