import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../services/coordinator/store/sqlite/sqlite-store.ts';
import type { Verbs } from '../../shared/client/verbs.ts';
import { type CliRun, runCli } from '../support/cli-process.ts';

/** Runs in a file, without a broker: what went wrong is looked at and put right by one command after the other. */

const FLOTILLA_MS = 120_000;

/** Its second step is asked whatever the job says, and takes text alone. */
const shaky = `
flow: shaky
version: 1
description: Fails where the job has no text.
input: { type: object }
do:
  - step: tongue
    model: language
    input: { text: "'How do you do?'" }
  - step: mood
    model: sentiment
    input: { text: payload.thing }
    retry: { attempts: 1 }
output:
  tongue: context.tongue.language
  mood: context.mood.label
`;

const asking = `
flow: asking
version: 1
description: Waits for a person, then goes on.
input: { type: object }
deadline: 1h
do:
  - wait: approval
    ask: { question: "'Send it?'" }
    answer: { type: object, required: [granted], properties: { granted: { type: boolean } } }
  - step: mood
    model: sentiment
    input: { text: "'I love it.'" }
output:
  granted: context.approval.granted
`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-operate-'));
  await writeFile(join(folder, 'shaky.yaml'), shaky);
  await writeFile(join(folder, 'asking.yaml'), asking);
  await writeFile(join(folder, 'bad.json'), '{"thing": 5}');
});

afterAll(() => rm(folder, { recursive: true }));

function flotilla(...args: readonly string[]): Promise<CliRun> {
  return runCli(args, { cwd: folder });
}

async function json<T>(...args: readonly string[]): Promise<T> {
  const { stdout, stderr } = await flotilla(...args, '--json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

function fits(text: string): void {
  expect(/\p{Cc}/u.test(text.replaceAll('\n', ''))).toBe(false);
  for (const line of text.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(80);
}

const newestRun = async (...more: readonly string[]) => {
  const { runs } = await json<Verbs['run.list']['answer']>('runs', ...more);
  const [run] = runs;
  if (run === undefined) throw new Error('There is no run.');
  return run;
};

describe('before anything has run', { timeout: FLOTILLA_MS }, () => {
  it('lists say so in a sentence, and make no file', async () => {
    const runs = await flotilla('runs', '--db', 'none.db');
    expect(runs).toEqual({ code: 0, stdout: 'There are no such runs.\n', stderr: '' });
    const dead = await flotilla('dead', 'ls', '--db', 'none.db');
    expect(dead.stdout).toBe('There are no such dead letters.\n');
    expect(await json('dead', 'ls', '--db', 'none.db')).toEqual({
      letters: [],
      groups: [],
      next: null,
      replays: [],
    });
    const unknown = await flotilla('show', 'nothing', '--db', 'none.db');
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringMatching(/\(run_unknown\)$/m)]);
  });
});

describe('a run that failed', { timeout: FLOTILLA_MS }, () => {
  let run: string;
  let letter: string;

  beforeAll(async () => {
    await flotilla('run', 'shaky.yaml', '--payload', 'bad.json');
    run = (await newestRun()).id;
  }, FLOTILLA_MS);

  it('is listed with why, and shown with its timeline', async () => {
    const list = await flotilla('runs');
    expect(list.stdout).toMatch(new RegExp(`^✖ ${run}  shaky  failed`));
    expect(list.stdout).toMatch(/^ {2}input_invalid at mood/m);
    fits(list.stdout);
    const shown = await flotilla('show', run);
    expect(shown.stdout).toMatch(/✔ tongue language@1 on fleet in \d+ ms/);
    expect(shown.stdout).toMatch(/^tongue +language@1 +1 /m);
    fits(shown.stdout);
    const { history } = await json<Verbs['run.get']['answer']>('show', run);
    expect(history.at(-1)).toMatchObject({ type: 'run_finished', code: 'input_invalid' });
  });

  it('left a dead letter, which is listed, counted and shown', async () => {
    const { letters } = await json<Verbs['dead.list']['answer']>('dead', 'ls');
    expect(letters).toMatchObject([{ run, path: 'mood', code: 'input_invalid' }]);
    letter = letters[0]?.id ?? '';
    const list = await flotilla('dead', 'ls');
    expect(list.stdout).toContain(letter);
    const groups = await flotilla('dead', 'ls', '--group');
    expect(groups.stdout).toMatch(/^ +1 {2}failed {2}input_invalid {2}sentiment$/m);
    const shown = await flotilla('dead', 'show', letter);
    expect(shown.stdout).toMatch(/^input_invalid {2}failed, open$/m);
    for (const { stdout } of [list, groups, shown]) fits(stdout);
  });

  it('that goes on does not call again what is there', async () => {
    const { code, stderr } = await flotilla('resume', run);
    expect(code).toBe(1);
    expect(stderr).toMatch(/goes on: 1 step kept, 1 model call saved\.$/m);
    const input = JSON.stringify({ text: 'I love it.' });
    const again = await json<{ reused: string[]; result: { payload: object } }>(
      ...['rerun', run, '--from', 'mood', '--input', input],
    );
    expect(again).toMatchObject({
      reused: ['tongue'],
      result: { payload: { tongue: 'en', mood: 'positive' } },
    });
    const shown = await flotilla('show', run);
    expect(shown.stdout).toMatch(/^goes on as .* \(resume\)$/m);
    expect(shown.stdout).toMatch(/^goes on as .* \(rerun\)$/m);
  });

  it('is put right by editing and replaying its letter', async () => {
    const input = JSON.stringify({ text: 'I hate it.' });
    const edited = await flotilla('dead', 'edit', letter, '--input', input);
    expect(edited.stdout).toContain(`flotilla dead replay ${letter}`);
    const replayed = await flotilla('dead', 'replay', letter);
    expect([replayed.code, replayed.stdout]).toEqual([0, expect.stringContaining('negative')]);
    const again = await flotilla('dead', 'replay', letter);
    expect([again.code, again.stderr]).toEqual([1, expect.stringMatching(/\(letter_closed\)$/m)]);
  });

  it('and others are replayed, or dropped, as a group', async () => {
    // One letter is open: that of the run that was resumed in vain.
    const replay = await flotilla('dead', 'replay', '--code', 'input_invalid', '--rate', '600');
    expect([replay.code, replay.stdout]).toEqual([0, '1 dead letter replayed.\n']);
    const drop = await flotilla('dead', 'drop', '--all');
    expect(drop.stdout).toBe('1 dead letter dropped.\n');
    expect(await json('dead', 'drop', '--model', 'sentiment')).toEqual({ dropped: 0 });
  });

  it('is forked to a version of its flow that does not fail', async () => {
    const unknown = await flotilla('fork', run, '--from', 'mood', '--flow-version', '9');
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      expect.stringMatching(/\(flow_unknown\)$/m),
    ]);
    const fork = await json<{ reused: string[] }>('fork', run, '--from', 'mood');
    expect(fork.reused).toEqual(['tongue']);
  });
});

describe('a run that waits for a person', { timeout: FLOTILLA_MS }, () => {
  async function left(): Promise<string> {
    const { code } = await flotilla('run', 'asking.yaml', 'go', '--db', 'asking.db');
    expect(code).toBe(3);
    return (await newestRun('--db', 'asking.db')).id;
  }

  it('says what it asks, takes the answer and goes on; a wrong one it refuses', async () => {
    const run = await left();
    const db = ['--db', 'asking.db'];
    const shown = await flotilla('show', run, ...db);
    expect(shown.stdout).toMatch(/^waits for an answer at approval: question Send it\?$/m);
    fits(shown.stdout);
    const wrong = await flotilla('signal', run, 'approval', '--data', '"yes"', ...db);
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/\(answer_invalid\)$/m)]);
    const data = ['--data', '{"granted": true}'];
    const answered = await flotilla('signal', run, 'approval', ...data, ...db);
    expect(answered.stdout).toBe(`Run ${run} has its answer at approval.\n`);
    expect((await newestRun(...db)).status).toBe('succeeded');
  });

  it('is cancelled with a reason', async () => {
    const run = await left();
    const db = ['--db', 'asking.db'];
    const cancelled = await flotilla('cancel', run, '--reason', 'Not needed.', ...db);
    expect(cancelled.stdout).toBe(`Run ${run} is cancelled.\n`);
    expect(await json('cancel', run, ...db)).toEqual({ run, status: 'cancelled' });
    expect((await newestRun(...db)).error).toMatchObject({ message: 'Not needed.' });
  });
});

describe('wrong usage', { timeout: FLOTILLA_MS }, () => {
  it.each([
    ['no step', ['rerun', 'x'], /required option '--from <step>'/],
    ['input that is no JSON', ['rerun', 'x', '--from', 's', '--input', '{'], /\(bad_json\)/],
    ['input that is no object', ['dead', 'edit', 'x', '--input', '[]'], /\(bad_json\)/],
    ['no letters', ['dead', 'replay'], /\(which_letters\)/],
    ['one letter and a group', ['dead', 'drop', 'x', '--all'], /\(which_letters\)/],
    ['a limit that is none', ['runs', '--limit', 'all'], /\(bad_number\)/],
    ['a budget that is none', ['resume', 'x', '--budget', 'usd=lots'], /\(bad_budget\)/],
  ])('exits with 2: %s', async (_what, args, sentence) => {
    const { code, stdout, stderr } = await flotilla(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(sentence);
  });

  it('says who has the file when another process works on it', async () => {
    const database = join(folder, 'held.db');
    const held = openSqliteStore(database);
    try {
      const { code, stderr } = await flotilla('runs', '--db', database);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/\(store_in_use\)$/m)]);
    } finally {
      await held.close();
    }
  });

  it.each(['runs', 'show', 'resume', 'fork', 'signal', 'dead', 'pause', 'models'])(
    'help of %s fits 80 columns',
    async (command) => {
      const { code, stdout } = await flotilla(command, '--help');
      expect(code).toBe(0);
      fits(stdout);
    },
  );
});
