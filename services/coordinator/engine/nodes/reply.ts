import { referencesIn } from '../../../../shared/artifacts/references.ts';
import type { Degradation, Outcome } from '../../../../shared/envelope/envelope.ts';
import type { JsonObject } from '../../../../shared/envelope/json.ts';
import { oneCall } from '../budget.ts';
import type { RunEvent } from '../decision.ts';
import { indexOf } from '../flow-index.ts';
import { keyOf, patchKeyOf } from '../keys.ts';
import { account } from '../ledger.ts';
import type { Failure } from '../policy.ts';
import type { CallFrame, OpenPhase } from '../run.ts';
import { mergePatch, writeFacts } from '../values.ts';
import type { CallSite } from './dispatch.ts';

type ReplyReceived = RunEvent & { readonly type: 'replyReceived' };

/** Takes the reply to an open attempt. Answers how it failed; undefined: the step has its output. */
export function acceptReply(
  site: CallSite,
  { path, attempt }: CallFrame,
  phase: OpenPhase,
  { outcome, output, patch }: ReplyReceived,
): Failure | undefined {
  const { node, draft } = site;
  const { model, version, answerKey, degraded, placed, republished } = phase;
  // A worker that reports no usage was called all the same.
  const usage = outcome.usage ?? (outcome.status === 'succeeded' ? oneCall : undefined);
  const ended = { path, attempt, model, version, how: 'answered' } as const;
  draft.commands.push({
    type: 'endAttempt',
    ...ended,
    ...(usage === undefined ? {} : { usage }),
    ...(placed === undefined ? {} : { placed }),
    ...(republished > 0 ? { copied: true } : {}),
  });
  const failure = failureIn(site, phase, outcome, output);
  const servedBy = `${model}@${version}`;
  account(node.path, failure === undefined ? { usage, servedBy, degraded } : { usage }, draft);
  if (failure !== undefined) {
    if (answerKey !== undefined) draft.commands.push({ type: 'releaseAnswer', key: answerKey });
    return failure;
  }
  if (answerKey !== undefined) keepAnswer(site, answerKey, { output, patch });
  if (degraded !== undefined) draft.degraded.push(path);
  writeOutput(site, path, output, factsOf(servedBy, degraded));
  writePatch(site, path, patch);
  return undefined;
}

/** Gives a step an output that no worker sent just now. */
export function provide(
  site: CallSite,
  path: string,
  given: {
    readonly output: JsonObject;
    readonly patch?: JsonObject;
    readonly servedBy: string;
    readonly degraded?: Degradation;
  },
): void {
  const { node, draft } = site;
  const { output, patch = {}, servedBy, degraded } = given;
  account(node.path, { servedBy, degraded }, draft);
  if (degraded !== undefined) draft.degraded.push(path);
  writeOutput(site, path, output, factsOf(servedBy, degraded));
  writePatch(site, path, patch);
}

/** Merges what a step patched into the context that later steps see. */
function writePatch({ node, indices, draft }: CallSite, path: string, patch: JsonObject): void {
  if (node.patchKey === undefined) return;
  const { nodeIds } = indexOf(draft.facts.flow);
  const allowed = Object.entries(patch).filter(([key]) => !nodeIds.has(key));
  if (allowed.length === 0) return;
  // fromEntries, never assignment: a key may be named __proto__.
  const own = Object.fromEntries(allowed);
  mergePatch(keyOf(node.patchKey, indices), own, draft);
  draft.written.set(patchKeyOf(path), own);
}

function factsOf(servedBy: string, degraded: Degradation | undefined): JsonObject {
  return { $servedBy: servedBy, $degraded: degraded?.why ?? null };
}

function writeOutput(
  { node, indices, draft }: CallSite,
  path: string,
  output: JsonObject,
  facts: JsonObject,
): void {
  draft.written.set(path, output);
  writeFacts(node.path, facts, indices, draft);
}

function keepAnswer(
  { node, draft }: CallSite,
  key: string,
  answer: { readonly output: JsonObject; readonly patch: JsonObject },
): void {
  // What it refers to is this run's, and is gone when the run is.
  if (referencesIn(answer.output).length + referencesIn(answer.patch).length > 0) {
    draft.commands.push({ type: 'releaseAnswer', key });
    return;
  }
  const { cacheMs = 0, onOpen, onFailure } = node.policy;
  const keptMs = Math.max(cacheMs, onOpen?.staleMs ?? 0, onFailure?.staleMs ?? 0);
  const keepUntilMs = draft.facts.nowMs + keptMs;
  draft.commands.push({ type: 'keepAnswer', key, ...answer, keepUntilMs });
}

/** What a failed outcome says of the next attempt; a worker that says nothing gets no second try. */
function failureIn(
  { draft }: CallSite,
  { model, version }: OpenPhase,
  outcome: Outcome,
  output: JsonObject,
): Failure | undefined {
  if (outcome.status === 'succeeded') {
    const problems = draft.facts.model(model)?.contract?.(version)?.checkOutput(output) ?? [];
    if (problems.length === 0) return undefined;
    const message = `The output breaks the model's schema: ${problems.join('; ')}`;
    return { code: 'output_invalid', message, retryable: false };
  }
  const { retryAfterMs } = outcome;
  return {
    code: outcome.code ?? 'unexpected_error',
    message: outcome.message ?? 'The model gave no reason.',
    retryable: outcome.retryable ?? false,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}
