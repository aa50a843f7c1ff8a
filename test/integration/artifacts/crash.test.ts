import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Artifacts } from '../../../shared/artifacts/artifact-store.ts';
import { openArtifacts } from '../../../shared/artifacts/open-store.ts';
import { ARTIFACT_MARK, type ArtifactMarker } from '../../../shared/artifacts/reference.ts';
import { connectClient } from '../../../shared/client/client.ts';
import { AmqpFleet } from '../../support/amqp-fleet.ts';
import { patientChain } from '../../support/artifact-fleet.ts';
import { type TestBroker, testBroker } from '../../support/broker.ts';
import { type Child, startChild } from '../../support/child-process.ts';

const echoProcess = fileURLToPath(new URL('../worker/echo-process.ts', import.meta.url));
const long = 'é'.repeat(60_000);
/** A machine that does other things too. */
const PATIENCE_MS = 60_000;

let broker: TestBroker;
let fleet: AmqpFleet;
let folder: string;
let artifacts: Artifacts;
const children: Child[] = [];

beforeAll(async () => {
  broker = await testBroker();
  fleet = new AmqpFleet(broker);
  folder = await mkdtemp(join(tmpdir(), 'flotilla-crash-'));
  artifacts = await openArtifacts({ ARTIFACTS: folder });
});

afterAll(async () => {
  await Promise.all(children.map((child) => child.kill()));
  await fleet.stop();
  await artifacts.store.close();
  await rm(folder, { recursive: true });
  await broker.stop();
});

function worker(env: Readonly<Record<string, string>> = {}): Child {
  const child = startChild(echoProcess, [], { AMQP_URL: broker.url, ARTIFACTS: folder, ...env });
  children.push(child);
  return child;
}

it('F3: a worker killed between the PUT and its reply leaves an artifact that nobody refers to, and the run its answer', {
  timeout: 4 * PATIENCE_MS,
}, async () => {
  await fleet.coordinator([patientChain(['echo'])], { artifacts });
  const client = await connectClient({ transport: await fleet.transport(), artifacts });
  const doomed = worker({ FAILPOINT: 'W5' });
  await doomed.said('"serving"', PATIENCE_MS);
  const { run } = await client.submit('sample', { text: long });
  expect(await doomed.died()).toBe('SIGKILL');
  const written = async () => {
    const { entries } = await artifacts.store.list(`default/${run}/echo/`);
    return entries.map(({ key }) => key);
  };
  const [orphan, ...others] = await written();
  expect(orphan).toBeDefined();
  expect(others).toEqual([]);

  await worker().said('"serving"', PATIENCE_MS);
  const { payload, run: ended } = await client.result(run, { timeoutMs: PATIENCE_MS });
  expect(ended.status).toBe('succeeded');
  const { text } = payload as { text: ArtifactMarker };
  expect((await client.artifacts.bytes(text, 1_000_000)).toString()).toBe(long);
  expect(await written()).toEqual([orphan, text[ARTIFACT_MARK].key].toSorted());
  expect(text[ARTIFACT_MARK].key).not.toBe(orphan);
  await client.close();
});
