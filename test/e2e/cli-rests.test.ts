import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunDetails } from '../../shared/client/verbs.ts';
import { type CliRun, runCli } from '../support/cli-process.ts';

/** Runs that stand still until somebody does something: the command ends, the run stays in its file, and a later one goes on. */

const FLOTILLA_MS = 120_000;

const flow = (name: string, more: string) => `
flow: ${name}
version: 1
description: Two steps.
input: { type: object }
${more}
  - step: mood
    model: sentiment
    input: { text: "'I love it.'" }
output:
  mood: context.mood.label
`;

const asking = flow(
  'asking',
  `deadline: 1h
do:
  - wait: approval
    ask: { question: "'Send it?'" }`,
);
const costly = flow(
  'costly',
  `budget: { calls: 1, onExceeded: pause }
do:
  - step: tongue
    model: language
    input: { text: "'How do you do?'" }`,
);
const plain = flow('plain', 'do:');

interface Resting {
  run: string;
  flow: string;
  status: string;
  rests: { path: string; why: string; command: string }[];
}

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-rests-'));
  for (const [name, text] of Object.entries({ asking, costly, plain })) {
    await writeFile(join(folder, `${name}.yaml`), text);
  }
});

afterAll(() => rm(folder, { recursive: true }));

function flotilla(...args: readonly string[]): Promise<CliRun> {
  return runCli(args, { cwd: folder });
}

async function resting(...args: readonly string[]): Promise<Resting> {
  const { code, stdout, stderr } = await flotilla('run', ...args, '--json');
  expect(code, stderr).toBe(3);
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  return JSON.parse(stdout);
}

const statusOf = async (run: string, ...more: readonly string[]) => {
  const { stdout } = await flotilla('show', run, ...more, '--json');
  return (JSON.parse(stdout) as RunDetails).run.status;
};

describe('a run that rests', { timeout: FLOTILLA_MS }, () => {
  it('for a person says so with the command to go on, and ends with 3', async () => {
    const { code, stdout, stderr } = await flotilla('run', 'asking.yaml', 'go', '--db', 'a.db');
    expect([code, stdout]).toEqual([3, '']);
    const [, run = ''] =
      /^flotilla: Run (\S+) waits for an answer at approval /m.exec(stderr) ?? [];
    expect(stderr).toContain(
      `(question Send it?). Go on with: flotilla signal ${run} approval --data JSON --db a.db`,
    );
    expect(await statusOf(run, '--db', 'a.db')).toBe('running');
    await flotilla('signal', run, 'approval', '--data', 'true', '--db', 'a.db');
    expect(await statusOf(run, '--db', 'a.db')).toBe('succeeded');
  });

  it('is told to programs as one JSON object', async () => {
    const { run, ...told } = await resting('asking.yaml', 'go');
    expect(told).toEqual({
      flow: 'asking',
      status: 'running',
      deadline: expect.any(String),
      rests: [
        {
          path: 'approval',
          why: 'signal',
          model: null,
          ask: { question: 'Send it?' },
          until: null,
          command: `flotilla signal ${run} approval --data JSON`,
        },
      ],
    });
  });

  it('because its budget is spent goes on with a larger one', async () => {
    const { run, rests } = await resting('costly.yaml', 'go');
    expect(rests).toMatchObject([
      { path: 'mood', why: 'budget', command: `flotilla resume ${run} --budget AMOUNTS` },
    ]);
    const small = await flotilla('resume', run, '--budget', 'calls=1');
    expect([small.code, small.stderr]).toEqual([
      3,
      expect.stringContaining(`Run ${run} has spent its budget, at mood. Go on with: `),
    ]);
    const large = await flotilla('resume', run, '--budget', 'calls=2');
    expect([large.code, large.stdout]).toEqual([0, expect.stringContaining('positive')]);
  });

  it('because its model is paused goes on when that does', async () => {
    // The model must have been heard of before it can be paused.
    await flotilla('run', 'plain.yaml', 'go');
    await flotilla('pause', 'sentiment');
    const { run, rests } = await resting('plain.yaml', 'go');
    expect(rests).toMatchObject([
      { path: 'mood', why: 'paused', command: 'flotilla continue sentiment' },
    ]);
    const shown = await flotilla('show', run);
    expect(shown.stdout).toMatch(/^flotilla continue sentiment$/m);
    const goesOn = await flotilla('continue', 'sentiment');
    expect(goesOn.stdout).toBe(`sentiment goes on, and with it ${run}.\n`);
    expect(await statusOf(run)).toBe('succeeded');
  });
});
