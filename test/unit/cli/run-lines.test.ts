import { describe, expect, it } from 'vitest';
import { historyLine } from '../../../services/cli/terminal/history-line.ts';
import { finishedLines, runningLine } from '../../../services/cli/terminal/run-lines.ts';
import {
  type HistoryLine,
  newRunView,
  observe,
  type RunView,
} from '../../../services/cli/terminal/run-view.ts';
import { screenOf } from '../../../services/cli/terminal/screen.ts';
import { textWidth } from '../../../services/cli/terminal/text-width.ts';
import type { Result } from '../../../shared/envelope/envelope.ts';

const screen = screenOf({ isTerminal: false }, { LANG: 'C.UTF-8' });
const options = { screen, nameColumns: 8, nowMs: 1_500, frame: 0 };

function row(type: string, path?: string, more: Partial<HistoryLine> = {}): HistoryLine {
  return { runId: 'r', atMs: 1_000, type, ...(path === undefined ? {} : { path }), ...more };
}

function viewAfter(...lines: HistoryLine[]): RunView {
  return lines.reduce(observe, newRunView('support', 'How do I reset my password?', 0));
}

function result(payload: Result['payload'], run: Partial<Result['run']> = {}): Result {
  return {
    id: 'job-1',
    timestamp: '2026-01-01T00:00:01Z',
    payload,
    context: {},
    run: {
      id: '0198c0de-0000-7000-8000-000000000000',
      flow: 'support',
      version: 1,
      status: 'succeeded',
      startedAt: '2026-01-01T00:00:00.000Z',
      finishedAt: '2026-01-01T00:00:00.310Z',
      usage: { calls: 2, inputTokens: 0, outputTokens: 0, microUsd: 0, computeMs: 3 },
      steps: {},
      degraded: [],
      missing: [],
      ...run,
    },
  };
}

describe('the line of a running job', () => {
  it('lights up step by step', () => {
    const view = viewAfter(
      row('attempt_dispatched', 'intent', { attempt: 1, facts: { model: 'intent-recognizer' } }),
      row('reply_accepted', 'intent'),
      row('attempt_dispatched', 'answer', { attempt: 1, facts: { model: 'product-qa' } }),
    );
    expect(runningLine(view, options)).toMatch(
      /^▸ support {3}✔ intent-recognizer {2}⠋ product-qa +1\.50 s$/,
    );
  });

  it('counts the rounds of a loop and the elements of a map in one chip', () => {
    const view = viewAfter(
      ...['0', '1', '2'].map((index) =>
        row('attempt_dispatched', `album/${index}/caption`, { facts: { model: 'describer' } }),
      ),
      row('reply_accepted', 'album/1/caption'),
    );
    expect(runningLine(view, options)).toContain('⠋ describer 1/3');
  });

  it('shows a failed attempt, its retry, and what was given up', () => {
    const view = viewAfter(
      row('attempt_dispatched', 'one'),
      row('reply_accepted', 'one', { code: 'busy' }),
      row('retry_scheduled', 'one'),
      row('attempt_dispatched', 'two'),
      row('attempt_timed_out', 'two'),
      row('attempt_dispatched', 'three'),
      row('attempt_abandoned', 'three'),
    );
    expect(runningLine(view, options)).toContain('↻ one  ✖ two  · three');
  });

  it('fits 80 columns whatever the steps are called', () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      row('attempt_dispatched', `step${index}`),
    );
    const line = runningLine(viewAfter(...many), options);
    expect(textWidth(line)).toBeLessThanOrEqual(79);
    expect(line).toContain('… ');
    expect(line).toContain('step29');
  });
});

describe('the lines of a finished job', () => {
  it('show every model, on more than one line where it must be', () => {
    const steps = ['one', 'two', 'three', 'four', 'five'].flatMap((name) => [
      row('attempt_dispatched', name, { facts: { model: `model-with-a-long-name-${name}` } }),
      row('reply_accepted', name),
    ]);
    const lines = finishedLines(viewAfter(...steps), result({}), options);
    expect(lines.filter((line) => line.includes('model-with'))).toHaveLength(3);
    for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(79);
  });

  it('tell what was asked, which steps it took and what came out, within 80 columns', () => {
    const view = viewAfter(row('attempt_dispatched', 'answer'), row('reply_accepted', 'answer'));
    const lines = finishedLines(view, result({ answer: 'Open settings. '.repeat(20) }), options);
    expect(lines[0]).toMatch(/^✔ support {3}“How do I reset my password\?” +310 ms$/);
    expect(lines[1]).toBe('            ✔ answer');
    expect(lines[2]).toMatch(/^ {12}answer {2}Open settings\. .*…$/);
    for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(79);
  });

  it('tell the code and the sentence of a failure', () => {
    const error = { code: 'no_route', message: 'No branch of the route holds.', step: 'do[1]' };
    const lines = finishedLines(viewAfter(), result(null, { status: 'failed', error }), options);
    expect(lines.join('\n')).toContain('do[1]: No branch of the route holds.');
    expect(lines.join('\n')).toContain('no_route');
  });

  it('do not let a model draw on the terminal', () => {
    const lines = finishedLines(viewAfter(), result({ answer: '\u001b[2Jgone' }), options);
    expect(lines.join('')).not.toContain('\u001b');
  });
});

describe('a history row in a pipe', () => {
  const job = { name: 'support', nameColumns: 8, sinceMs: 0 };

  it('is one line with the time, the flow and what happened', () => {
    const line = row('attempt_dispatched', 'intent', { facts: { model: 'intent-recognizer' } });
    expect(historyLine(line, job, screen)).toBe(
      '  1.00 s  support   → intent asks intent-recognizer',
    );
  });

  it('is nothing where there is nothing to tell', () => {
    expect(historyLine(row('value_written', 'intent'), job, screen)).toBeUndefined();
  });

  it('names why a step failed, within 80 columns', () => {
    const line = row('reply_accepted', 'answer', { code: 'timeout', message: 'word '.repeat(40) });
    const text = historyLine(line, job, screen) ?? '';
    expect(text).toContain('✖ answer timeout: word');
    expect(textWidth(text)).toBeLessThanOrEqual(80);
  });
});
