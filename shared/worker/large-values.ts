import type { Artifacts } from '../artifacts/artifact-store.ts';
import { lightValues, resolveReferences, tooLargeOf } from '../artifacts/claim-check.ts';
import { referencesIn } from '../artifacts/references.ts';
import type { JsonObject } from '../envelope/json.ts';
import { UnprocessableError } from '../errors/errors.ts';
import type { ActiveCall, Clock } from './active-call.ts';
import { artifactsOf, scopeOf } from './call-artifacts.ts';
import type { AnyModel } from './model.ts';
import { deadlineExceeded } from './outcome.ts';
import { type Answer, unsendable } from './reply.ts';

/** The most that the values of one input may be together; a model that takes more takes references. */
const MAX_RESOLVED_BYTES = 8 * 1024 * 1024;
/** Node's timers hold no longer wait than this. */
const MAX_TIMER_MS = 2 ** 31 - 1;

interface Desk {
  readonly model: AnyModel;
  readonly clock: Clock;
  readonly artifacts?: Artifacts | undefined;
}

/**
 * The input of a call with values in place of the references that its model does not take itself. Throws what
 * `resolveReferences` throws, PermanentError `artifacts_not_configured`, or the reason the call was aborted for.
 */
export async function wholeInput(call: ActiveCall, desk: Desk): Promise<JsonObject> {
  const { payload, step } = call.request;
  const { model, artifacts, clock } = desk;
  const references = referencesIn(payload).filter(
    ({ path: [member = ''] }) => !model.references?.includes(member),
  );
  if (references.length === 0) return payload;
  const into = { store: artifactsOf({ artifacts }).store, maxBytes: MAX_RESOLVED_BYTES };
  const leftMs = Date.parse(step.deadline) - clock.now();
  const tooLate = () => call.abort(deadlineExceeded(step.deadline));
  const timer = setTimeout(tooLate, Math.min(Math.max(0, leftMs), MAX_TIMER_MS));
  try {
    const resolved = resolveReferences(payload, references, into, call.signal);
    return await Promise.race([resolved, call.over]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * What a model answered, with references in place of what is large in it: that is in the store when this resolves. Throws what
 * `put` throws, ContractError `output_invalid` for what a message could not hold.
 */
export async function lightAnswer(
  call: ActiveCall,
  output: JsonObject,
  { artifacts, clock }: Desk,
): Promise<Answer> {
  const answer = { output, patch: call.patched() };
  if (artifacts === undefined) return answer;
  const values = { payload: output, context: answer.patch };
  try {
    if (tooLargeOf(values, artifacts).length === 0) return answer;
    const place = { artifacts, scope: scopeOf(call.request), nowMs: clock.now() };
    const moving = lightValues(values, place, call.signal);
    const { payload, context } = await Promise.race([moving, call.over]);
    return { output: payload, patch: context };
  } catch (error) {
    // RangeError: it holds itself, or is nested deeper than the stack.
    const ofValue = error instanceof UnprocessableError || error instanceof RangeError;
    throw ofValue ? unsendable(error) : error;
  }
}
