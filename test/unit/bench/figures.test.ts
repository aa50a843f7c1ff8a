import { describe, expect, it } from 'vitest';
import { figuresOf } from '../../bench/measure.ts';
import { readOptions } from '../../bench/options.ts';
import type { UsageOf } from '../../bench/running-system.ts';
import { everySystem } from '../../bench/systems.ts';
import { scenarioTables } from '../../bench/table.ts';

const loaded = { jobs: 500, perSecond: 1_000, p50Ms: 200, p99Ms: 300 };

function coordinator(cpuMs: number, transactions: number, tasks: number): UsageOf {
  const counts = { transactions, tasks, accepted: 0, succeeded: 0 };
  return { role: 'coordinator', cpuMs, residentBytes: 90e6, peakBytes: 100e6, counts };
}

const worker = (cpuMs: number): UsageOf => ({
  role: 'worker',
  cpuMs,
  residentBytes: 40e6,
  peakBytes: 50e6,
  counts: null,
});

const figures = figuresOf(
  loaded,
  [coordinator(1_000, 10, 400), coordinator(500, 0, 0), worker(100)],
  [coordinator(1_400, 25, 1_400), coordinator(600, 5, 600), worker(200)],
);

describe('the figures of a load', () => {
  it('count what was used during the load, of all processes of a role', () => {
    expect(figures.cpuSeconds).toEqual({ coordinator: 1, worker: 0.2, client: null });
    expect(figures.meanBatch).toBe(80);
  });

  it('name the largest coordinator and the sum of all processes', () => {
    expect([figures.coordinatorPeakMb, figures.totalPeakMb]).toEqual([100, 250]);
  });

  it('fit a terminal of 80 columns', () => {
    const large = { ...figures, perSecond: 123_456, p99Ms: 12_345, aloneP50Ms: 1_234, ratio: 12 };
    const text = scenarioTables(everySystem.map((system) => ({ ...system, ...large })));
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

describe('the options of the benchmark', () => {
  it('measure a chain beside the reference when nothing is said', () => {
    const { scenarios, systems, growth, queued, peers } = readOptions([]);
    expect(scenarios).toEqual(['chain']);
    expect(systems).toEqual([
      'reference',
      'reference-shaped',
      'sqlite',
      'sqlite-signed',
      'in-process',
      'in-process-memory',
    ]);
    expect([growth, queued, peers]).toEqual([[], 0, false]);
  });

  it('measure only growth or a backlog when only that is asked for', () => {
    expect(readOptions(['--growth', '--open', '20,10'])).toMatchObject({
      scenarios: [],
      growth: [10, 20],
    });
    expect(readOptions(['--queued', '5', '--scenario', 'map'])).toMatchObject({
      scenarios: ['map'],
      queued: 5,
    });
  });

  it('refuse what they do not know, with what they do', () => {
    expect(() => readOptions(['--systems', 'celery'])).toThrow(/no celery; choose from reference/);
    expect(() => readOptions(['--jobs', 'many'])).toThrow(/--jobs: many/);
  });
});
