import type { CallNode } from '../../../../shared/flow/kernel.ts';
import type { Command } from '../decision.ts';
import { type Draft, type NodeOutcome, open } from '../draft.ts';
import { evaluateObject } from '../evaluate.ts';
import type { CallFrame } from '../run.ts';
import { silenceMs } from '../silence.ts';
import { peekContext } from '../values.ts';

/** A call, where it stands in its flow. */
export interface CallSite {
  readonly node: CallNode;
  readonly indices: readonly number[];
  readonly draft: Draft;
}

/** What a call's frame says, but for its phase. */
export type Step = Omit<CallFrame, 'kind' | 'phase'>;

type OpenPhase = CallFrame['phase'] & { readonly name: 'open' };

/** Opens an attempt: its request leaves. Undefined when no version of its model is known. */
export function dispatch(site: CallSite, step: Step): NodeOutcome | undefined {
  const { node, draft } = site;
  const version = node.version ?? draft.facts.model(node.model)?.versions.at(-1);
  if (version === undefined) return undefined;
  const phase: OpenPhase = {
    name: 'open',
    model: node.model,
    version,
    silentAtMs: silentAtMs(site, 0),
    republished: 0,
  };
  return publish(site, 'attempt_dispatched', { kind: 'call', ...step, phase });
}

/** The same attempt leaves again, as the same message; costs no retry. */
export function publishAgain(
  site: CallSite,
  frame: CallFrame,
  phase: OpenPhase,
  republished: number,
): NodeOutcome {
  return publish(site, 'attempt_republished', {
    ...frame,
    phase: { ...phase, republished, silentAtMs: silentAtMs(site, republished) },
  });
}

/** An open attempt sees the same values however often it is published: nothing it reads changes while it is open. */
function publish(
  site: CallSite,
  type: 'attempt_dispatched' | 'attempt_republished',
  frame: CallFrame & { readonly phase: OpenPhase },
): NodeOutcome {
  const { draft } = site;
  const { path, attempt, phase } = frame;
  const { model, version } = phase;
  const request = requestOf(site, frame);
  if (request.type === 'failed') return request;
  draft.commands.push(request.command);
  draft.history.push({ type, path, attempt, facts: { model, version } });
  return open(frame);
}

function requestOf(
  { node, indices, draft }: CallSite,
  {
    path,
    attempt,
    withinAtMs,
    phase: { model, version },
  }: CallFrame & { readonly phase: OpenPhase },
): { readonly type: 'ready'; readonly command: Command } | (NodeOutcome & { type: 'failed' }) {
  // The context first: evaluating asks for all values that are still unread.
  const context = peekContext(node.context, indices, draft);
  const input = evaluateObject(node.input, { step: path, indices }, draft);
  if (!input.ok) return { type: 'failed', error: input.error };
  const command: Command = {
    type: 'dispatch',
    path,
    attempt,
    model,
    version,
    input: input.value,
    context,
    timeoutMs: node.policy.timeoutMs,
    deadlineMs: Math.min(draft.run.deadlineMs, withinAtMs ?? draft.run.deadlineMs),
  };
  return { type: 'ready', command };
}

function silentAtMs({ node, draft }: CallSite, republished: number): number {
  const { nowMs, model } = draft.facts;
  return nowMs + silenceMs(model(node.model), node.policy.timeoutMs, republished);
}
