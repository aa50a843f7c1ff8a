import { expect, it } from 'vitest';
import { runDetailsLines } from '../../../services/cli/terminal/run-details-lines.ts';
import { screenOf } from '../../../services/cli/terminal/screen.ts';
import type { RunDetails } from '../../../shared/client/verbs.ts';
import { fromJob, type Origin, type ValueProvenance } from '../../../shared/envelope/provenance.ts';

const screen = screenOf({ isTerminal: false }, { LANG: 'C.UTF-8' });
const at = '2026-06-11T14:23:00.000Z';
const usage = { calls: 1, inputTokens: 0, outputTokens: 0, microUsd: 0, computeMs: 1 };

function detailsWith(
  context: Record<string, ValueProvenance>,
  urgency: Pick<RunDetails['run'], 'priority' | 'askedPriority'> = {
    priority: 'normal',
    askedPriority: 'normal',
  },
): RunDetails {
  const run = {
    id: 'r',
    job: 'j',
    client: 'shop',
    flow: 'f',
    version: 1,
    status: 'succeeded',
  } as const;
  const times = { acceptedAt: at, startedAt: at, finishedAt: at, deadline: at };
  const rest = { error: null, continues: null, steps: {}, budget: null, degraded: [], missing: [] };
  return {
    run: { ...run, ...times, ...urgency, usage, ...rest, continuedBy: [] },
    ...{ open: [], held: [], waits: [], rests: [], history: [], result: null },
    context,
  };
}

it('a run is shown with whose its context is, and none where that is the outputs of its steps', () => {
  const detect: Origin = { from: 'model', step: 'detect', servedBy: ['language@1'] };
  const approval: Origin = { from: 'signal', step: 'approval' };
  const lines = runDetailsLines(
    detailsWith({
      'topic\u202e': fromJob,
      language: { untrusted: true, origins: [detect] },
      text: { untrusted: true, origins: [{ from: 'job' }, approval] },
      detect: { untrusted: true, origins: [detect] },
      fixed: { untrusted: false, origins: [{ from: 'flow' }] },
    }),
    screen,
  );
  const [told = ''] = lines.filter((line) => line.startsWith('context'));
  expect(told).toMatch(
    /^context, untrusted: topic.* from the job; language from detect \(language@1\); text$/,
  );
  expect(lines.join(' ')).toContain('; text from the job, the answer at approval');
  expect(told).not.toContain('\u202e');
  const plain = runDetailsLines(detailsWith({}), screen);
  expect(plain.some((line) => line.startsWith('context'))).toBe(false);
});

it.each([
  ['normal', 'normal', []],
  ['urgent', 'urgent', [/accepted .*Z . urgent/]],
  ['background', 'urgent', [/background/, /^priority: background, not urgent: /]],
] as const)(
  'a run is shown with its priority (%s, %s was asked for)',
  (priority, askedPriority, told) => {
    const lines = runDetailsLines(detailsWith({}, { priority, askedPriority }), screen);
    for (const pattern of told) expect(lines).toContainEqual(expect.stringMatching(pattern));
    const others = lines.filter((line) => /urgent|background/.test(line));
    expect(others).toHaveLength(told.length);
  },
);
