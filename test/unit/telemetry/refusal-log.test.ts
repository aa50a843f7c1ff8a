import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { logRefused } from '../../../shared/telemetry/refusal-log.ts';
import {
  ended,
  type Tally,
  tallied,
  WHOLE_LINES,
} from '../../../shared/telemetry/refusal-tally.ts';
import { type Line, recording } from '../worker/recording-logger.ts';

const INTERVAL_MS = 30_000;

describe('the lines of one cause', () => {
  it.each<[string, Tally | undefined, boolean, Tally]>([
    ['the first is written', undefined, true, { written: 1, counted: 0 }],
    [
      'the last of those that are written is',
      { written: WHOLE_LINES - 1, counted: 0 },
      true,
      { written: WHOLE_LINES, counted: 0 },
    ],
    [
      'the next is counted',
      { written: WHOLE_LINES, counted: 0 },
      false,
      { written: WHOLE_LINES, counted: 1 },
    ],
    [
      'and so on',
      { written: WHOLE_LINES, counted: 7 },
      false,
      { written: WHOLE_LINES, counted: 8 },
    ],
  ])('%s', (_, before, whole, tally) => {
    expect(tallied(before)).toEqual({ whole, tally });
  });

  it.each<[string, Tally, ReturnType<typeof ended>]>([
    ['few lines leave nothing behind', { written: 3, counted: 0 }, { counted: 0 }],
    [
      'a flood is told, and the next interval counts from its first line on',
      { written: WHOLE_LINES, counted: 9 },
      { counted: 9, next: { written: WHOLE_LINES, counted: 0 } },
    ],
    ['a quiet interval ends a flood', { written: WHOLE_LINES, counted: 0 }, { counted: 0 }],
  ])('at the end of an interval: %s', (_, tally, what) => {
    expect(ended(tally)).toEqual(what);
  });
});

describe('the log of refused messages', () => {
  let lines: Line[];
  const refuse = (times: number, { code = 'unknown_key', queue = 'jobs' } = {}) => {
    for (let nth = 1; nth <= times; nth += 1) {
      logRefused(logger, { what: 'job refused', code, queue, nth }, 'No such key.');
    }
  };
  let logger = recording([]);
  beforeEach(() => {
    vi.useFakeTimers();
    lines = [];
    logger = recording(lines);
  });
  afterEach(() => vi.useRealTimers());
  const written = () => lines.map(({ message, fields }) => [message, fields['nth']]);

  it('has the first of a flood whole, and the number of the others with the latest once in each interval', () => {
    refuse(5_000);
    expect(lines).toHaveLength(WHOLE_LINES);
    expect(lines[0]).toEqual({
      message: 'job refused: No such key.',
      fields: { code: 'unknown_key', queue: 'jobs', nth: 1 },
    });
    lines.length = 0;
    vi.advanceTimersByTime(INTERVAL_MS);
    expect(lines).toEqual([
      {
        message: `${5_000 - WHOLE_LINES} more like this: job refused: No such key.`,
        fields: {
          code: 'unknown_key',
          queue: 'jobs',
          nth: 5_000,
          counted: 5_000 - WHOLE_LINES,
        },
      },
    ]);
    refuse(100);
    expect(lines).toHaveLength(1);
    vi.advanceTimersByTime(INTERVAL_MS);
    expect(lines).toHaveLength(2);
  });

  it('has each line whole again after a quiet interval', () => {
    refuse(1_000);
    vi.advanceTimersByTime(2 * INTERVAL_MS);
    lines.length = 0;
    refuse(1);
    expect(written()).toEqual([['job refused: No such key.', 1]]);
  });

  it('tells codes, queues and doors apart', () => {
    refuse(1_000);
    lines.length = 0;
    refuse(1, { code: 'bad_json' });
    refuse(1, { queue: 'replies' });
    logRefused(logger, { what: 'reply refused', code: 'unknown_key', queue: 'jobs' });
    expect(lines).toHaveLength(3);
  });

  it('is as short where each message has a code of its own', () => {
    for (let nth = 1; nth <= 10_000; nth += 1) refuse(1, { code: `code_${nth}` });
    expect(lines.length).toBeLessThanOrEqual(1_000 + WHOLE_LINES);
    lines.length = 0;
    vi.advanceTimersByTime(INTERVAL_MS);
    expect(lines).toHaveLength(1);
  });

  it('leaves no timer behind when it has been quiet', () => {
    refuse(1);
    vi.advanceTimersByTime(INTERVAL_MS);
    expect(vi.getTimerCount()).toBe(0);
  });
});
