import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../services/coordinator/store/sqlite/sqlite-store.ts';
import { type CliRun, runCli } from '../support/cli-process.ts';

/** Models without a broker: what a database file knows of them. */

const FLOTILLA_MS = 120_000;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-models-'));
});

afterAll(() => rm(folder, { recursive: true }));

function flotilla(...args: readonly string[]): Promise<CliRun> {
  return runCli(args, { cwd: folder });
}

describe('a model', { timeout: FLOTILLA_MS }, () => {
  it('is paused and goes on', async () => {
    const paused = await flotilla('pause', 'sentiment', '--reason', 'Too slow.');
    expect(paused.stdout).toMatch(/^sentiment is paused\. It goes on with: flotilla continue/);
    const listed = await flotilla('models');
    expect(listed.stdout).toMatch(/^sentiment .*\n.*\n {2}paused by anonymous at .*: Too slow\.$/m);
    const goesOn = await flotilla('continue', 'sentiment', '--json');
    expect(JSON.parse(goesOn.stdout)).toEqual({ model: 'sentiment', paused: false });
    const unknown = await flotilla('pause', 'nobody');
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      expect.stringMatching(/\(model_unknown\)$/m),
    ]);
  });
});

describe('a model that is paused before anything has run', { timeout: FLOTILLA_MS }, () => {
  it('stays paused', async () => {
    await flotilla('pause', 'sentiment', '--db', 'fresh.db');
    const { stdout } = await flotilla('models', '--db', 'fresh.db');
    expect(stdout).toMatch(/^ {2}paused by anonymous at /m);
  });
});

describe('models without a broker', { timeout: FLOTILLA_MS }, () => {
  const breaker = { '0.5/1': { state: { name: 'open', round: 1, untilMs: 5_000 } } };

  it('are listed with what the file knows of their breakers', async () => {
    const file = join(folder, 'breakers.db');
    const store = openSqliteStore(file);
    await store.changeDocument('breaker/sentiment', () => breaker);
    await store.close();
    const { stdout } = await flotilla('models', '--db', file);
    expect(stdout).toMatch(
      /^sentiment .*\n.*\n {2}breaker open, tried again from 1970-01-01T00:00:05\.000Z$/m,
    );
    for (const line of stdout.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(80);
    const told = await flotilla('models', '--db', file, '--json');
    const models = told.stdout.trimEnd().split('\n');
    expect(models.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({
        name: 'sentiment',
        paused: null,
        breakers: [{ state: 'open', until: '1970-01-01T00:00:05.000Z' }],
      }),
    );
  });

  it('are listed without that when another process has the file, which is said', async () => {
    const file = join(folder, 'busy.db');
    const held = openSqliteStore(file);
    try {
      const { code, stdout, stderr } = await flotilla('models', '--db', file);
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^sentiment +v1 /m)]);
      expect(stderr).toMatch(/\(store_in_use\)$/m);
    } finally {
      await held.close();
    }
  });
});
