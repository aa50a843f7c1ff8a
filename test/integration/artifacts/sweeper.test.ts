import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Swept, sweep } from '../../../services/coordinator/artifacts/sweep.ts';
import type { Artifacts } from '../../../shared/artifacts/artifact-store.ts';
import { openFolderStore } from '../../../shared/artifacts/folder/folder-store.ts';
import { mintKey } from '../../../shared/artifacts/keys.ts';
import { referencesIn } from '../../../shared/artifacts/references.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { eventually } from '../../support/eventually.ts';
import { flowOf } from '../../support/flow-text.ts';
import { InProcessFleet, marks } from '../../support/in-process-fleet.ts';
import type { Script } from '../../support/scripted-worker.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;
const signal = new AbortController().signal;
const long = 'x'.repeat(70_000);

let folder: string;
let artifacts: Artifacts;
let fleet: InProcessFleet;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-artifacts-'));
  const store = await openFolderStore({ folder: join(folder, 'artifacts'), pageSize: 2 });
  artifacts = { store, thresholdBytes: 64 * 1024, lifetimeMs: HOUR_MS };
  fleet = new InProcessFleet(join(folder, 'runs.db'));
});

afterEach(async () => {
  await fleet.close();
  await artifacts.store.close();
  await rm(folder, { recursive: true });
  expect(fleet.errors).toEqual([]);
});

function sweepAt(nowMs: number): Promise<Swept> {
  return sweep({ artifacts: artifacts.store, store: fleet.store, nowMs, signal });
}

async function keys(): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await artifacts.store.list('', cursor);
    found.push(...page.entries.map(({ key }) => key));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}

/** What a worker leaves behind that was killed between its PUT and its reply. */
function orphanOf(run: string, expiresAtMs = Date.now() + HOUR_MS): Promise<unknown> {
  const key = mintKey({ tenant: 'default', run, model: 'one' }, expiresAtMs);
  return artifacts.store.put(key, Buffer.from('x'), { mediaType: 'text/plain' }, signal);
}

const flow = flowOf(
  `- step: s1\n  model: one\n  retry: { attempts: 1 }\n  input: { text: payload.text }`,
  'output: { text: context.s1.text }\n',
);

/** A run whose model has an artifact in hand and does what the script says; the script may keep it waiting. */
async function openRun(script: Script) {
  const one = await fleet.worker('one', script);
  await fleet.coordinator([flow], { artifacts });
  const client = await fleet.client();
  const { run } = await client.submit('sample', { text: long });
  await eventually(() => one.requests.length > 0);
  const [named] = referencesIn(one.requests[0]?.payload ?? null);
  return { client, run, key: named?.reference.key, requests: one.requests };
}

describe('the sweeper', () => {
  it('what an open run refers to stays, however old; when the run has ended it goes', async () => {
    const answer = Promise.withResolvers<JsonObject>();
    const { client, run, key } = await openRun(() => answer.promise);
    await orphanOf(run);
    expect(await sweepAt(Date.now() + YEAR_MS)).toEqual({ deleted: 0, kept: 2 });
    expect(await keys()).toContain(key);

    answer.resolve({ text: 'done' });
    expect((await client.result(run)).run.status).toBe('succeeded');
    expect(await sweepAt(Date.now())).toEqual({ deleted: 0, kept: 0 });
    expect(await keys()).toContain(key);
    expect(await sweepAt(Date.now() + 2 * HOUR_MS)).toEqual({ deleted: 2, kept: 0 });
    expect(await keys()).toEqual([]);
  });

  it('what a run took over from the one it goes on from stays until it has ended too', async () => {
    let asked = 0;
    const { client, run, key, requests } = await openRun(() => {
      asked += 1;
      return asked === 1 ? { fail: 'too_hard' } : undefined;
    });
    expect((await client.result(run)).run.status).toBe('failed');
    const again = await client.operation('run.resume', { run });
    await eventually(() => requests.length === 2);
    expect(await sweepAt(Date.now() + YEAR_MS)).toEqual({ deleted: 0, kept: 1 });
    expect(await keys()).toEqual([key]);

    await client.operation('run.cancel', { run: again.run });
    await client.result(again.run);
    expect(await sweepAt(Date.now() + YEAR_MS)).toEqual({ deleted: 1, kept: 0 });
  });

  it('a run whose artifacts have expired is not gone on from, as they may be gone', async () => {
    artifacts = { ...artifacts, lifetimeMs: -HOUR_MS };
    const { client, run } = await openRun(() => ({ fail: 'too_hard' }));
    expect((await client.result(run)).run.status).toBe('failed');
    await expect(client.operation('run.resume', { run })).rejects.toMatchObject({
      code: 'artifact_missing',
    });
  });

  it('what belongs to no run that is known is kept for another month', async () => {
    await orphanOf(randomUUID(), Date.now());
    expect(await sweepAt(Date.now() + 29 * 24 * HOUR_MS)).toEqual({ deleted: 0, kept: 0 });
    expect(await sweepAt(Date.now() + 31 * 24 * HOUR_MS)).toEqual({ deleted: 1, kept: 0 });
  });

  it('sweeps more than one page', async () => {
    for (let n = 0; n < 7; n++) await orphanOf(randomUUID(), 0);
    expect(await sweepAt(Date.now())).toEqual({ deleted: 7, kept: 0 });
  });

  it('runs in one coordinator of all that share a database, once an hour', async () => {
    let nowMs = Date.now();
    await fleet.worker('one', marks('1'));
    const client = await fleet.client();
    /** A coordinator that lives for the time of a job. */
    const coordinate = async () => {
      const coordinator = await fleet.coordinator([flow], { artifacts, now: () => nowMs });
      await client.run('sample', { text: 'x' });
      return coordinator;
    };
    await orphanOf(randomUUID(), 0);
    const first = await coordinate();
    await eventually(async () => (await keys()).length === 0);
    await first.stop();

    await orphanOf(randomUUID(), 0);
    await (await coordinate()).stop();
    expect(await keys()).toHaveLength(1);

    nowMs += HOUR_MS;
    await coordinate();
    await eventually(async () => (await keys()).length === 0);
  });

  it('deletes nothing beside a store that forgets its runs', async () => {
    const forgetful = new InProcessFleet();
    await orphanOf(randomUUID(), 0);
    await forgetful.worker('one', marks('1'));
    await forgetful.coordinator([flow], { artifacts });
    await (await forgetful.client()).run('sample', { text: 'x' });
    await forgetful.close();
    expect(await keys()).toHaveLength(1);
  });
});
