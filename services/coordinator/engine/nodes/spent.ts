import type { Degradation } from '../../../../shared/envelope/envelope.ts';
import type { JsonObject } from '../../../../shared/envelope/json.ts';
import type { LastResort } from '../../../../shared/flow/kernel.ts';
import { lookUpAnswer } from '../answers.ts';
import { done, type NodeOutcome } from '../draft.ts';
import { evaluateObject } from '../evaluate.ts';
import { answerKey } from './ask.ts';
import { type CallSite, inputOf, rungOf, type Step } from './dispatch.ts';
import { provide } from './reply.ts';

interface GivenUp {
  readonly code: string;
  readonly message: string;
}

/** What becomes of a step whose ladder is spent: something answers instead of a model, or it is a dead letter. */
export function spent(site: CallSite, step: Step, why: GivenUp): NodeOutcome {
  const { node, draft } = site;
  const { path, attempt } = step;
  const { code, message } = why;
  if (code === 'deadline_exceeded') draft.outOfTime = true;
  else {
    const instead = answerInstead(site, step, why);
    if (instead !== undefined) return instead;
  }
  if (node.tolerant) {
    draft.degraded.push(path);
    return done;
  }
  if (code !== 'deadline_exceeded') {
    const input = inputAsked(site, step);
    const { model, version: named } = rungOf(site, step.rung);
    const version = named ?? draft.facts.model(model)?.versions.at(-1) ?? 1;
    const call = { path, attempt, model, version };
    draft.commands.push({ type: 'deadLetter', ...call, code, message, input });
  }
  const error = { code, message, step: path };
  return { type: 'failed', error: attempt === 0 ? error : { ...error, attempt } };
}

function answerInstead(site: CallSite, step: Step, { code }: GivenUp): NodeOutcome | undefined {
  const { onOpen, onFailure } = site.node.policy;
  const resort = code === 'breaker_open' ? (onOpen ?? onFailure) : onFailure;
  if (resort === undefined) return undefined;
  return staleAnswer(site, step, resort, code) ?? defaultValue(site, step, resort, code);
}

/** The last good answer of the step's own model to the same input. */
function staleAnswer(
  site: CallSite,
  step: Step,
  { staleMs }: LastResort,
  code: string,
): NodeOutcome | undefined {
  if (staleMs === undefined) return undefined;
  const { draft } = site;
  const own = rungOf(site, 0);
  const version = own.version ?? draft.facts.model(own.model)?.versions.at(-1);
  const input = inputAsked(site, step);
  if (version === undefined || input === null) return undefined;
  const { kept } = lookUpAnswer(answerKey(site, { model: own.model, version, input }), draft);
  if (kept === undefined) return undefined;
  const ageMs = draft.facts.nowMs - kept.atMs;
  if (ageMs > staleMs) return undefined;
  const { output, patch } = kept;
  return take(site, step, { output, patch, degraded: { why: 'stale', code, ageMs } });
}

function defaultValue(
  site: CallSite,
  step: Step,
  { value }: LastResort,
  code: string,
): NodeOutcome | undefined {
  if (value === undefined) return undefined;
  const { path } = step;
  const output = evaluateObject(value, { step: path, indices: site.indices }, site.draft);
  if (!output.ok) return { type: 'failed', error: output.error };
  return take(site, step, { output: output.value, degraded: { why: 'default', code } });
}

function take(
  site: CallSite,
  { path, attempt }: Step,
  given: {
    readonly output: JsonObject;
    readonly patch?: JsonObject;
    readonly degraded: Degradation;
  },
): NodeOutcome {
  const { why, code, ageMs } = given.degraded;
  const facts = { why, ...(ageMs === undefined ? {} : { ageMs }) };
  site.draft.history.push({ type: 'last_resort_taken', path, attempt, code, facts });
  provide(site, path, { ...given, servedBy: why });
  return done;
}

function inputAsked(site: CallSite, step: Step): JsonObject | null {
  const { input } = inputOf(site, step, rungOf(site, 0));
  return input.ok ? input.value : null;
}
