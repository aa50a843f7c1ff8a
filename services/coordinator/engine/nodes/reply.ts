import type { Outcome } from '../../../../shared/envelope/envelope.ts';
import type { JsonObject } from '../../../../shared/envelope/json.ts';
import { indexOf } from '../flow-index.ts';
import { keyOf } from '../keys.ts';
import type { Failure } from '../policy.ts';
import type { CallFrame } from '../run.ts';
import { mergePatch, writeFacts } from '../values.ts';
import type { CallSite } from './dispatch.ts';

/** Keeps what a succeeded call gave. */
export function acceptOutput(
  { node, indices, draft }: CallSite,
  { path, phase }: CallFrame,
  output: JsonObject,
  patch: JsonObject,
): void {
  draft.written.set(path, output);
  if (phase.name === 'open') {
    const servedBy = `${phase.model}@${phase.version}`;
    writeFacts(node.path, { $servedBy: servedBy }, indices, draft);
  }
  if (node.patchKey === undefined) return;
  const { nodeIds } = indexOf(draft.facts.flow);
  const allowed = Object.entries(patch).filter(([key]) => !nodeIds.has(key));
  // fromEntries, never assignment: a key may be named __proto__.
  if (allowed.length > 0) {
    mergePatch(keyOf(node.patchKey, indices), Object.fromEntries(allowed), draft);
  }
}

/** What a failed outcome says of the next attempt; a worker that says nothing gets no second try. */
export function failureOf(outcome: Outcome): Failure {
  const { retryAfterMs } = outcome;
  return {
    code: outcome.code ?? 'unexpected_error',
    message: outcome.message ?? 'The model gave no reason.',
    retryable: outcome.retryable ?? false,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}
