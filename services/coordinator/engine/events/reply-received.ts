import type { JsonObject } from '../../../../shared/envelope/json.ts';
import { settleReserved } from '../budget.ts';
import { type Course, stays } from '../course.ts';
import { absent, type HistoryEntry, type RunEvent } from '../decision.ts';
import type { Draft } from '../draft.ts';
import { findCall } from '../find-call.ts';
import { stepOf } from '../flow-index.ts';
import { attemptKeyOf, closes, modelClosed } from '../keys.ts';
import { account } from '../ledger.ts';
import { advance } from '../nodes/node.ts';
import type { Run } from '../run.ts';
import { peek, requireRead } from '../values.ts';

export type ReplyReceived = RunEvent & { readonly type: 'replyReceived' };

/** Accepts the first reply of an open attempt; any other is recorded, and its usage counted if it is the first of its attempt. */
export function onReplyReceived(reply: ReplyReceived, draft: Draft): Course {
  const { run, facts } = draft;
  const { path, attempt, outcome } = reply;
  const call = run.state === null ? undefined : findCall(facts.flow.body, run.state, path);
  if (run.state !== null && call?.phase.name === 'open' && call.attempt === attempt) {
    const { model, version } = call.phase;
    if (reply.model !== undefined && reply.model !== model) {
      draft.history.push(entryOf('reply_unknown', reply));
      return stays;
    }
    settleReserved(attemptKeyOf(path, attempt), draft);
    draft.history.push(entryOf('reply_accepted', reply, { model, version }));
    return { name: 'goes_on', outcome: advance(facts.flow.body, run.state, [], draft) };
  }
  const late = closedBy(run, reply);
  if (late === 'of_another_model') {
    draft.history.push(entryOf('reply_unknown', reply));
    return stays;
  }
  if (late === 'late') {
    const { usage } = outcome;
    settleReserved(attemptKeyOf(path, attempt), draft);
    account(stepOf(path, facts.flow) ?? path, { usage }, draft);
    draft.history.push(entryOf('reply_late', reply));
    return stays;
  }
  const earlier = call !== undefined && attempt < call.attempt;
  const duplicate = earlier || (call === undefined && hasAnswered(path, draft));
  draft.history.push(entryOf(duplicate ? 'reply_duplicate' : 'reply_unknown', reply));
  return stays;
}

/** What is recorded of a reply to a run that is over. */
export function entryAfterTheEnd(run: Run, reply: ReplyReceived): HistoryEntry {
  const late = closedBy(run, reply);
  if (late === undefined) return entryOf('reply_duplicate', reply);
  return entryOf(late === 'late' ? 'reply_late' : 'reply_unknown', reply);
}

/** Whether the reply is to an attempt that was closed without one, and from the model that was asked; undefined: it is to none. */
function closedBy(
  { closed }: Run,
  { path, attempt, model }: ReplyReceived,
): 'late' | 'of_another_model' | undefined {
  if (closed.length === 0) return undefined;
  const key = closed.find((one) => closes(one, path, attempt));
  if (key === undefined) return undefined;
  const asked = modelClosed(key);
  return model === undefined || asked === undefined || model === asked
    ? 'late'
    : 'of_another_model';
}

/** A step that gave up in a tolerant place has no value, but is named as degraded. */
function hasAnswered(path: string, draft: Draft): boolean {
  if (draft.run.degraded.includes(path)) return true;
  const value = peek(path, draft);
  requireRead(draft);
  return value !== absent;
}

function entryOf(
  type: HistoryEntry['type'],
  { path, attempt, outcome }: ReplyReceived,
  more: JsonObject = {},
): HistoryEntry {
  const { status, code, message, retryable, worker, usage, startedAt, finishedAt } = outcome;
  const facts: JsonObject = {
    ...more,
    status,
    worker,
    startedAt,
    finishedAt,
    ...(retryable === undefined ? {} : { retryable }),
    ...(usage === undefined ? {} : { usage: { ...usage } }),
  };
  return {
    type,
    path,
    attempt,
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
    facts,
  };
}
