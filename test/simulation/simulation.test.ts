import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);

/** A process of its own: it replaces the clock, timers and chance for good. Resolves with its lines, or rejects with them. */
async function simulate(...args: string[]): Promise<readonly string[]> {
  try {
    const { stdout } = await run(process.execPath, [
      join(import.meta.dirname, 'simulate.ts'),
      ...args,
    ]);
    return stdout.trim().split('\n');
  } catch (error) {
    throw new Error(String((error as { readonly stdout?: string }).stdout ?? error));
  }
}

const everyFault = [
  'drop',
  'silence',
  'duplicate',
  'delay',
  'storeFault',
  'unknownOutcome',
  'crash',
  'kill',
  'pause',
  'stop',
  'connection',
  'cancel',
  'block',
  'database',
  'brokerRestart',
];

const digestsIn = (lines: readonly string[]) => lines.filter((line) => line.startsWith('seed '));

describe('the simulated fleet', () => {
  it('keeps its promises over 300 seeds of faults', { timeout: 300_000 }, async () => {
    const lines = await simulate('--seeds', '300', '--from', '1');
    const { failed, jobs, faults } = JSON.parse(lines.at(-1) ?? '{}');
    expect({ failed, lines: lines.length }).toEqual({ failed: 0, lines: 1 });
    // A run in which little went wrong proves little.
    expect(jobs).toBeGreaterThan(600);
    for (const fault of everyFault) expect(faults[fault], fault).toBeGreaterThan(30);
  });

  it('makes no call twice and times no step out in outages of 60 s of coordinators, broker, database and all', {
    timeout: 300_000,
  }, async () => {
    const lines = await simulate('--scenario', 'outage', '--seeds', '35', '--from', '0');
    const { failed, faults } = JSON.parse(lines.at(-1) ?? '{}');
    expect({ failed, lines: lines.length }).toEqual({ failed: 0, lines: 1 });
    const each = ['stopped', 'killed', 'suspended', 'broker', 'database', 'everything', 'bereaved'];
    expect(faults).toEqual(Object.fromEntries(each.map((kind) => [kind, 5])));
  });

  it('wastes no call and fails no run that has time left when a model is asked for more than it can do', {
    timeout: 120_000,
  }, async () => {
    const lines = await simulate('--scenario', 'overload', '--seeds', '12', '--from', '0');
    const { failed, faults } = JSON.parse(lines.at(-1) ?? '{}');
    expect({ failed, lines: lines.length }).toEqual({ failed: 0, lines: 1 });
    expect(faults).toEqual({ overload: 6, flood: 6 });
  });

  it('leaves the same trace each time a seed is run, whatever was run before it', {
    timeout: 120_000,
  }, async () => {
    const [all, last] = await Promise.all([
      simulate('--seeds', '12', '--from', '501', '--digests'),
      simulate('--seeds', '4', '--from', '509', '--digests'),
    ]);
    expect(digestsIn(all)).toHaveLength(12);
    expect(digestsIn(all).slice(8)).toEqual(digestsIn(last));
  });
});
