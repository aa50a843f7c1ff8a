import { commandsOf, conclude } from './conclude.ts';
import type { Course } from './course.ts';
import type { Decide, Decision } from './decision.ts';
import { type Draft, newDraft } from './draft.ts';
import { onCancelled } from './events/cancelled.ts';
import { goOn } from './events/go-on.ts';
import { onJobAccepted } from './events/job-accepted.ts';
import { entryAfterTheEnd, onReplyReceived } from './events/reply-received.ts';
import { onResumed } from './events/resumed.ts';
import { onTimerDue } from './events/timer-due.ts';
import { advance, start } from './nodes/node.ts';
import { unlessUnread } from './values.ts';

/**
 * The engine: what an event means for a run. Pure and deterministic; its arguments are never changed.
 *
 * 1. A run in a final status never changes again.
 * 2. A reply is accepted once per (path, attempt), and only while that attempt is open.
 * 3. The result is published by the decision that makes the run final, and by no other.
 * 4. When a value is missing nothing is decided: it says which keys to read, all that it can know of in one round.
 *
 * What goes wrong in a flow ends in the run's error. A throw is a bug, or a run whose state does not fit `facts.flow`.
 */
export const decide: Decide = (run, event, facts) => {
  if (run.finishedAtMs !== null) {
    const history = event.type === 'replyReceived' ? [entryAfterTheEnd(run, event)] : [];
    return { type: 'decided', run, values: new Map(), commands: [], history };
  }
  const draft = newDraft({ run, event, facts, walk: { start, advance } });
  const decided = unlessUnread(() => decidedBy(draft));
  if (decided !== undefined) return decided;
  return { type: 'needsValues', keys: [...draft.unread], answers: [...draft.unreadAnswers] };
};

function decidedBy(draft: Draft): Decision | undefined {
  const run = conclude(draft, courseOf(draft));
  if (draft.unread.size > 0 || draft.unreadAnswers.size > 0) return undefined;
  const { written: values, history } = draft;
  return { type: 'decided', run, values, commands: commandsOf(draft), history };
}

function courseOf(draft: Draft): Course {
  const { event } = draft;
  switch (event.type) {
    case 'jobAccepted':
      return onJobAccepted(draft);
    case 'replyReceived':
      return onReplyReceived(event, draft);
    case 'timerDue':
      return onTimerDue(draft);
    case 'cancelled':
      return onCancelled(event.reason, draft);
    case 'transportLost':
    case 'slotGranted':
    case 'signalled':
      return goOn(draft);
    case 'resumed':
      return onResumed(event, draft);
  }
}
