import { describe, expect, it } from 'vitest';
import { heardIn } from '../../../../services/coordinator/breakers/words.ts';
import type { HistoryEntry } from '../../../../services/coordinator/engine/decision.ts';
import type { Committed } from '../../../../services/coordinator/transition.ts';
import type { JsonObject } from '../../../../shared/envelope/json.ts';

const call = { runId: 'r', path: 'a', attempt: 1 };

function heard(
  type: HistoryEntry['type'],
  more: { readonly code?: string; readonly facts?: JsonObject } = {},
  others: Committed['history'] = [],
) {
  const history = [{ ...call, atMs: 0, type, ...more }, ...others];
  const ended = [{ ...call, model: 'echo', version: 1, how: 'abandoned' as const }];
  const committed: Committed = { runs: [], history, outbox: [], ended, held: [] };
  return heardIn(committed).map(({ word }) => word.name);
}

const reply = (status: string, more: JsonObject = {}) => ({
  model: 'echo',
  status,
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: '2026-01-01T00:00:00.250Z',
  ...more,
});

describe('what a commit says of a model', () => {
  it.each<[string, string, boolean | undefined, string]>([
    ['succeeded', '', undefined, 'succeeded'],
    ['failed', 'timeout', true, 'failed'],
    ['failed', 'provider_unreachable', true, 'failed'],
    ['failed', 'unexpected_error', true, 'failed'],
    ['failed', 'image_invalid', false, 'unsaid'],
    ['failed', 'input_invalid', false, 'unsaid'],
    ['failed', 'output_invalid', true, 'unsaid'],
    ['failed', 'shutting_down', true, 'unsaid'],
    ['failed', 'cancelled', false, 'unsaid'],
    ['failed', 'deadline_exceeded', false, 'unsaid'],
  ])('a reply that %s (%s, retryable %s) is %s', (status, code, retryable, word) => {
    const facts = reply(status, retryable === undefined ? {} : { retryable });
    expect(heard('reply_accepted', { code, facts })).toEqual([word]);
  });

  it('tells how long the call took, by the worker that made it', () => {
    const history = [
      { ...call, atMs: 0, type: 'reply_accepted', facts: reply('succeeded') } as const,
    ];
    const committed: Committed = { runs: [], history, outbox: [], ended: [], held: [] };
    expect(heardIn(committed)).toEqual([
      { model: 'echo', attempt: 'r/a#1', word: { name: 'succeeded', tookMs: 250 } },
    ]);
  });

  it('no answer in the time of the step is a failure; in that of the run it says nothing', () => {
    expect(heard('attempt_timed_out')).toEqual(['failed']);
    const end = { runId: 'r', atMs: 0, type: 'run_finished', code: 'deadline_exceeded' } as const;
    expect(heard('attempt_timed_out', {}, [end])).toEqual(['unsaid']);
    const other = { ...end, code: 'within_exceeded' };
    expect(heard('attempt_timed_out', {}, [other])).toEqual(['failed']);
  });

  it('an attempt that is given up says nothing, and one that leaves is noted', () => {
    expect(heard('attempt_abandoned')).toEqual(['unsaid']);
    expect(heard('attempt_dispatched', { facts: { model: 'echo' } })).toEqual(['left']);
    expect(heard('attempt_republished', { facts: { model: 'echo' } })).toEqual([]);
  });
});
