import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../services/coordinator/store/sqlite/sqlite-store.ts';
import { resultSchema } from '../../shared/envelope/envelope.ts';
import { type CliOptions, type CliRun, runCli, startCli } from '../support/cli-process.ts';

const FLOTILLA_MS = 60_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-e2e-'));
});
afterAll(() => rm(folder, { recursive: true }));

function flotilla(args: readonly string[], options: Omit<CliOptions, 'cwd'> = {}): Promise<CliRun> {
  return runCli(args, { cwd: folder, ...options });
}

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return name;
}

const question = ['run', 'support', 'How do I reset my password?'];

const failing = `
flow: failing
version: 1
description: Fails always.
input: { type: object }
do:
  - fail: not_supported
    message: { $text: "This is not supported." }
`;

const broken = `
flow: broken
version: 1
description: Names a model that is not there, and a field that no model gives.
input: { type: object, required: [text], properties: { text: { type: string } } }
do:
  - step: mood
    model: sentimant
  - step: tongue
    model: language
output:
  language: context.tongue.lable
`;

describe('flotilla demo', { timeout: FLOTILLA_MS }, () => {
  it('finishes every sample job and prints one JSON object for each, then the summary', async () => {
    const { code, stdout, stderr } = await flotilla(['demo', '--json']);
    const lines = stdout.trimEnd().split('\n');
    const summary = JSON.parse(lines.at(-1) ?? '');
    const results = lines.slice(0, -1).map((line) => JSON.parse(line));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(summary).toMatchObject({ type: 'summary', runs: results.length, failed: 0 });
    expect(summary.succeeded).toBe(summary.runs);
    expect(summary.runs).toBeGreaterThanOrEqual(7);
    expect(summary.ms).toBeLessThan(30_000);
    for (const { type, ...result } of results) {
      expect(type).toBe('result');
      expect(resultSchema.parse(result).run.status).toBe('succeeded');
    }
  });

  it('is plain lines of at most 80 columns in a pipe, one for each step', async () => {
    const { code, stdout } = await flotilla(['demo']);
    expect(code).toBe(0);
    expect(/\p{Cc}/u.test(stdout.replaceAll('\n', ''))).toBe(false);
    const lines = stdout.split('\n');
    for (const line of lines) expect([...line].length, line).toBeLessThanOrEqual(80);
    expect(stdout).toMatch(/support +→ intent asks intent-recognizer/);
    expect(stdout).toMatch(/support +✔ intent$/m);
    expect(stdout).toMatch(/\d+ runs {2}✔ \d+ succeeded/);
  });
});

describe('a demonstration that nobody wants to see to its end', { timeout: FLOTILLA_MS }, () => {
  it('stops at Ctrl-C and exits with 130', async () => {
    const child = startCli(['demo'], { cwd: folder });
    const closed = once(child, 'close');
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await closed).toEqual([130, null]);
  });

  it('ends quietly when its reader has gone', async () => {
    const child = startCli(['demo'], { cwd: folder });
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => {
      stderr += text.toString();
    });
    const closed = once(child, 'close');
    await once(child.stdout, 'data');
    child.stdout.destroy();
    expect([await closed, stderr]).toEqual([[0, null], '']);
  });
});

describe('flotilla run', { timeout: FLOTILLA_MS }, () => {
  it('prints the answer for a person', async () => {
    const { code, stdout, stderr } = await flotilla(question);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^answer {2}To reset your password/);
    expect(stdout).toMatch(/support v1 · succeeded in/);
    for (const line of stdout.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
  });

  it('prints the result envelope alone with --json', async () => {
    const { code, stdout, stderr } = await flotilla([...question, '--json']);
    const result = resultSchema.parse(JSON.parse(stdout));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(result.run).toMatchObject({ flow: 'support', status: 'succeeded' });
    expect(result.payload).toMatchObject({ answer: expect.stringMatching(/password/) });
  });

  it('takes its payload from standard input', async () => {
    const input = JSON.stringify({ text: 'Das ist ein sehr schönes Hotel.' });
    const { stdout } = await flotilla(['run', 'review', '--payload', '-', '--json'], { input });
    expect(JSON.parse(stdout).payload).toMatchObject({ language: 'de' });
  });

  it('runs a flow that is a file', async () => {
    const flow = await file(
      'own.yaml',
      failing.replace(/ {2}- fail[\s\S]*/, '  - step: mood\n    model: sentiment\n'),
    );
    const { code, stdout } = await flotilla(['run', flow, 'I love it', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).payload).toMatchObject({ label: 'positive' });
  });

  it('exits with 1 and says the code and the sentence when the run fails', async () => {
    const flow = await file('failing.yaml', failing);
    const { code, stdout, stderr } = await flotilla(['run', flow, 'x', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout).run).toMatchObject({
      status: 'failed',
      error: { code: 'not_supported' },
    });
    expect(stderr).toMatch(
      /^flotilla: The run of failing failed.*This is not supported\. \(not_supported\)\n$/,
    );
  });

  it('says so and keeps the run in memory when another process has the database', async () => {
    const database = join(folder, 'held.db');
    const held = openSqliteStore(database);
    try {
      const { code, stdout, stderr } = await flotilla([...question, '--json', '--db', database]);
      expect(code).toBe(0);
      expect(JSON.parse(stdout).run.status).toBe('succeeded');
      expect(stderr).toMatch(/in memory only\. \(store_in_use\)/);
    } finally {
      await held.close();
    }
  });

  it('fails clearly when there is no broker', async () => {
    const { code, stdout, stderr } = await flotilla([
      ...question,
      '--broker',
      'amqp://127.0.0.1:1',
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^flotilla: No connection to the broker .*\(broker_unreachable\)\n$/);
  });
});

describe('wrong usage', { timeout: FLOTILLA_MS }, () => {
  it.each([
    [
      'an unknown flow',
      ['run', 'suport', 'x'],
      /Did you mean "support"\? There are: .*\(flow_unknown\)/,
    ],
    ['no input', ['run', 'support'], /\(no_input\)/],
    ['an unknown option', ['run', 'support', 'x', '--nope'], /unknown option '--nope'/],
    ['an unknown command', ['rum'], /unknown command 'rum'/],
    [
      'a missing image',
      ['run', 'receipt', '--image', 'none.png'],
      /no file none\.png.*\(file_not_found\)/,
    ],
    ['a wrong duration', ['run', 'support', 'x', '--timeout', 'soon'], /\(bad_duration\)/],
    ['a wrong broker', ['submit', 'support', 'x', '--broker', 'here'], /\(bad_broker_url\)/],
    ['no broker', ['result', 'x'], /\(no_broker\)/],
    ['an unknown service', ['up', 'sentimant'], /Did you mean "sentiment"\?.*\(unknown_service\)/],
  ])('exits with 2: %s', async (_what, args, sentence) => {
    const { code, stdout, stderr } = await flotilla(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});

describe('flotilla flows', { timeout: FLOTILLA_MS }, () => {
  it('validate names file, line, column and path of each fault', async () => {
    const flow = await file('broken.yaml', broken);
    const { code, stdout } = await flotilla(['flows', 'validate', flow]);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^broken\.yaml:8:12 do\[0\]\.model: .*"sentiment"\? \(model_unknown\)$/m,
    );
    expect(stdout).toMatch(/^broken\.yaml:12:\d+ output\.language: .*\(field_unknown\)$/m);
    expect(stdout).toMatch(/^2 problems in 1 file$/m);
  });

  it('validate finds nothing wrong with a shipped flow', async () => {
    const shipped = join(import.meta.dirname, '../../infra/flows/support.yaml');
    const { code, stdout } = await flotilla(['flows', 'validate', shipped]);
    expect({ code, good: stdout.includes('no problems') }).toEqual({ code: 0, good: true });
  });

  it('show draws a tree, or a Mermaid flowchart', async () => {
    const tree = await flotilla(['flows', 'show', 'support']);
    expect(tree.stdout).toContain('├─ intent  intent-recognizer');
    const diagram = await flotilla(['flows', 'show', 'support', '--mermaid']);
    expect(diagram.stdout).toContain('flowchart');
  });
});

describe('flotilla', { timeout: FLOTILLA_MS }, () => {
  it('prints its version', async () => {
    expect((await flotilla(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([['--help'], ['run', '--help'], ['models'], ['flows']].map((args) => [args]))(
    'fits 80 columns: %j',
    async (args) => {
      const { code, stdout } = await flotilla(args);
      expect(code).toBe(0);
      for (const line of stdout.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(80);
    },
  );
});
