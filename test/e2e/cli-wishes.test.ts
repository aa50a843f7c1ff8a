import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContinuedRunAnswer, RunDetails } from '../../shared/client/verbs.ts';
import type { Result } from '../../shared/envelope/envelope.ts';
import { type CliRun, runCli } from '../support/cli-process.ts';

/** What a job may use, and how urgent it is, as its client says. */

const FLOTILLA_MS = 120_000;

const twice = `
flow: twice
version: 1
description: Two calls, one after the other.
input: { type: object }
budget: { calls: 50 }
do:
  - step: tongue
    model: language
    input: { text: "'How do you do?'" }
  - step: mood
    model: sentiment
    input: { text: "'I love it.'" }
output:
  tongue: context.tongue.language
  mood: context.mood.label
`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-budget-'));
  await writeFile(join(folder, 'twice.yaml'), twice);
});

afterAll(() => rm(folder, { recursive: true }));

function flotilla(...args: readonly string[]): Promise<CliRun> {
  return runCli(args, { cwd: folder });
}

describe('a budget of a job', { timeout: FLOTILLA_MS }, () => {
  it('stops it, and it goes on from there with a larger one', async () => {
    const stopped = await flotilla('run', 'twice.yaml', 'go', '--budget', 'calls=1', '--json');
    expect(stopped.code).toBe(1);
    expect(stopped.stderr).toMatch(/\(budget_exceeded\)$/m);
    const { run } = JSON.parse(stopped.stdout) as Result;
    expect(run).toMatchObject({
      status: 'failed',
      error: { code: 'budget_exceeded', step: 'mood' },
      usage: { calls: 1 },
    });
    const shown = await flotilla('show', run.id);
    expect(shown.stdout).toMatch(/^budget calls=1, then fail$/m);
    const resumed = await flotilla('resume', run.id, '--budget', 'calls=3,usd=0.5', '--json');
    const next = JSON.parse(resumed.stdout) as ContinuedRunAnswer & { result: Result };
    expect(next).toMatchObject({
      reused: ['tongue'],
      savedCalls: 1,
      result: { payload: { tongue: 'en', mood: 'positive' } },
    });
    const details = await flotilla('show', next.run, '--json');
    expect((JSON.parse(details.stdout) as RunDetails).run.budget).toEqual({
      calls: 3,
      microUsd: 500_000,
      onExceeded: 'fail',
    });
  });

  it('that is none is refused with all that is wrong with it, and nothing runs', async () => {
    const refused = await flotilla('run', 'twice.yaml', 'go', '--budget', 'cents=5,calls=0');
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/"cents=5" is none of these\. \(bad_budget\)$/),
      expect.stringMatching(/^flotilla: calls of a budget is .*, not "0"\. \(bad_budget\)$/),
    ]);
  });
});

describe('the priority of a job', { timeout: FLOTILLA_MS }, () => {
  it('is that of its run', async () => {
    const { stdout } = await flotilla('run', 'twice.yaml', 'go', '--priority', 'urgent', '--json');
    const { run } = JSON.parse(stdout) as Result;
    const shown = JSON.parse((await flotilla('show', run.id, '--json')).stdout) as RunDetails;
    expect(shown.run).toMatchObject({ priority: 'urgent', askedPriority: 'urgent' });
  });

  it('is one of three words', async () => {
    const { code, stderr } = await flotilla('run', 'twice.yaml', 'go', '--priority', 'high');
    expect(code).toBe(2);
    expect(stderr).toMatch(/one of background, normal, urgent.*\(bad_priority\)$/m);
  });
});
