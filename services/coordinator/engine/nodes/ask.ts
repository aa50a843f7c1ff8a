import type { Rung } from '../../../../shared/flow/kernel.ts';
import { answerKeyOf, lookUpAnswer } from '../answers.ts';
import { fits, oneCall, reserve } from '../budget.ts';
import type { ModelFacts } from '../decision.ts';
import { done, type NodeOutcome } from '../draft.ts';
import { attemptKeyOf } from '../keys.ts';
import type { Failure } from '../policy.ts';
import { type CallSite, dispatch, inputOf, type Request, rungOf, type Step } from './dispatch.ts';
import { hold, waitForAnswer } from './hold.ts';
import { provide } from './reply.ts';

/** How it went to ask the model of a rung. */
export type Asked =
  | { readonly name: 'asked'; readonly outcome: NodeOutcome }
  /** It cannot be asked; no attempt was made. */
  | { readonly name: 'refused'; readonly failure: Failure };

export interface AskOptions {
  readonly reask?: readonly string[] | undefined;
  /** A place in the model's queue is its own already. */
  readonly granted?: boolean;
  /** Looks at an answer on its way so far. */
  readonly looks?: number;
}

/** Claims on an answer outlive the attempt's own time by this: its request may wait in a queue first. */
const CLAIM_GRACE_MS = 30_000;

/**
 * Asks the model of a step's rung, unless something stands against it. In this order: the model must be known, its input fit
 * its schema, the answer not be there already, the budget allow it, and the model have room.
 */
export function ask(site: CallSite, step: Step, options: AskOptions = {}): Asked {
  const { draft } = site;
  const rung = rungOf(site, step.rung);
  const facts = draft.facts.model(rung.model);
  const version = rung.version ?? facts?.versions.at(-1);
  if (facts === undefined || version === undefined || !facts.versions.includes(version)) {
    return refused('model_unavailable', `No worker has ever announced ${nameOf(rung)}.`);
  }
  const { input, context } = inputOf(site, step, rung);
  if (!input.ok) return asked({ type: 'failed', error: input.error });
  const { model } = rung;
  const { reask } = options;
  const request: Request = {
    model,
    version,
    input: input.value,
    context,
    ...(reask === undefined ? {} : { reask }),
    ...(step.rung > 0 ? { degraded: { why: 'fallback', code: step.fellFor ?? '' } } : {}),
  };
  const problems = facts.contract?.(version)?.checkInput(request.input) ?? [];
  if (problems.length > 0) {
    return refused('input_invalid', `The input does not fit ${model}: ${problems.join('; ')}`);
  }
  return withAnswer(site, step, request, options) ?? withinBudget(site, step, request, options);
}

/** Looks for the answer where the step shares it; the asking itself goes on where nobody has it. */
function withAnswer(
  site: CallSite,
  step: Step,
  request: Request,
  options: AskOptions,
): Asked | undefined {
  const { cacheMs } = site.node.policy;
  if (cacheMs === undefined || step.rung > 0 || options.reask !== undefined) return undefined;
  const { nowMs } = site.draft.facts;
  const key = answerKey(site, request);
  const { kept, comingUntilMs = 0 } = lookUpAnswer(key, site.draft);
  if (kept !== undefined && nowMs - kept.atMs < cacheMs) {
    const { path } = step;
    site.draft.history.push({ type: 'answer_reused', path, facts: { ageMs: nowMs - kept.atMs } });
    provide(site, path, { ...kept, servedBy: 'cache' });
    return asked(done);
  }
  if (comingUntilMs <= nowMs) return undefined;
  return asked(waitForAnswer(site, step, comingUntilMs, options.looks ?? 0));
}

function withinBudget(site: CallSite, step: Step, request: Request, options: AskOptions): Asked {
  const { draft } = site;
  if (fits(estimateOf(site, request), draft)) return withRoom(site, step, request, options);
  const { path } = step;
  draft.history.push({ type: 'budget_exceeded', path, facts: { model: request.model } });
  const onExceeded = draft.budget?.onExceeded ?? 'fail';
  if (onExceeded === 'pause') return asked(hold(site, step, { why: 'budget', lookAtMs: null }));
  const cheaper = onExceeded === 'fail' ? undefined : cheaperRequest(site, request, onExceeded);
  if (cheaper !== undefined && fits(estimateOf(site, cheaper), draft)) {
    return withRoom(site, step, cheaper, options);
  }
  return refused(
    'budget_exceeded',
    `The budget of the run does not allow a call of ${request.model}.`,
  );
}

function cheaperRequest(
  { draft }: CallSite,
  request: Request,
  { model, version: named }: { readonly model: string; readonly version?: number },
): Request | undefined {
  const facts = draft.facts.model(model);
  const version = named ?? facts?.versions.at(-1);
  if (facts === undefined || version === undefined || model === request.model) return undefined;
  if ((facts.contract?.(version)?.checkInput(request.input) ?? []).length > 0) return undefined;
  return { ...request, model, version, degraded: { why: 'cheaper', code: 'budget_exceeded' } };
}

function withRoom(site: CallSite, step: Step, wished: Request, options: AskOptions): Asked {
  const { draft, node } = site;
  const request: Request = options.granted === true ? { ...wished, placed: true } : wished;
  const { model, version } = request;
  const facts = draft.facts.model(model);
  if (options.granted !== true && !hasRoom(facts, draft.leaving.get(model) ?? 0)) {
    const { path, attempt } = step;
    const estimate = estimateOf(site, request);
    draft.commands.push({ type: 'hold', path, attempt, model, version, estimate });
    const { reask } = options;
    return asked(hold(site, step, { why: 'limit', lookAtMs: null, model, version, reask }));
  }
  reserve(attemptKeyOf(step.path, step.attempt), estimateOf(site, request), draft);
  const kept = node.policy.cacheMs ?? node.policy.onFailure?.staleMs ?? node.policy.onOpen?.staleMs;
  if (kept === undefined || request.degraded !== undefined) {
    return asked(dispatch(site, step, request));
  }
  const key = answerKey(site, request);
  if (node.policy.cacheMs !== undefined) {
    const untilMs = draft.facts.nowMs + node.policy.timeoutMs + CLAIM_GRACE_MS;
    draft.commands.push({ type: 'claimAnswer', key, untilMs });
  }
  return asked(dispatch(site, step, { ...request, answerKey: key }));
}

function hasRoom(facts: ModelFacts | undefined, leaving: number): boolean {
  return leaving < (facts?.room ?? Infinity);
}

function estimateOf({ draft }: CallSite, { model, version }: Request) {
  return draft.facts.model(model)?.contract?.(version)?.estimate ?? oneCall;
}

/** The key under which the answer of a step's own model is kept. */
export function answerKey(
  { draft }: CallSite,
  { model, version, input }: Pick<Request, 'model' | 'version' | 'input'>,
): string {
  return answerKeyOf({ tenant: draft.run.tenant, model, version, input });
}

function nameOf({ model, version }: Rung): string {
  return version === undefined ? model : `${model} v${version}`;
}

function asked(outcome: NodeOutcome): Asked {
  return { name: 'asked', outcome };
}

function refused(code: string, message: string): Asked {
  return { name: 'refused', failure: { code, message, retryable: false } };
}
