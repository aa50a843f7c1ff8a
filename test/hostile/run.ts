import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId, runIdOf } from '../../shared/envelope/ids.ts';
import { MAX_BODY_BYTES } from '../../shared/envelope/limits.ts';
import type { CaseIds, HostileCase } from './corpus/case.ts';
import { textOf } from './corpus/envelopes.ts';
import { HostileClient } from './entrances/broker.ts';
import { runHostile } from './entrances/command-line.ts';
import { loadHostile } from './entrances/flow-file.ts';
import { Fleet } from './fleet/fleet.ts';
import type { FromFleet } from './fleet/protocol.ts';

/** What a run found. All but the first two, the growth and the time are 0 when all is well. */
export interface Summary {
  readonly families: number;
  readonly cases: number;
  readonly wrongCode: number;
  readonly crashes: number;
  /** Calls of a model for what should have been refused, and calls that hostile text brought about. */
  readonly modelCalls: number;
  /** Of the fleet's process, after a collection of garbage. */
  readonly rssGrowthMiB: number;
  /** How long the fleet took over a delivery, from its arrival until it was written down and settled. */
  readonly p99Ms: number;
  /** The same in processor time, which a busy machine does not lengthen. */
  readonly p99CpuMs: number;
}

export interface HostileRun {
  readonly summary: Summary;
  /** A line for each thing that is wrong. */
  readonly failures: readonly string[];
}

const WARM_UP_JOBS = 100;
const WARM_UP_LARGE = 4;

/** Runs cases against a fleet of its own on a broker whose virtual host is empty. `fuzz` is called at the end with the same fleet. */
export async function runCases(
  cases: readonly HostileCase[],
  url: string,
  fuzz?: (client: HostileClient) => Promise<readonly string[]>,
): Promise<HostileRun> {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-hostile-'));
  const calls: (FromFleet & { readonly type: 'call' })[] = [];
  let hear = (_: FromFleet & { readonly type: 'log' }): void => {};
  // The fleet first: it makes the exchanges.
  const fleet = await Fleet.start(url, folder, (message) => {
    if (message.type === 'call') calls.push(message);
    if (message.type === 'log') hear(message);
  });
  const client = await HostileClient.connect(url);
  hear = (line) => client.hear(line);
  const failures: string[] = [];
  /** Runs that must never reach a model. */
  const forbidden = new Map<string, string>();
  let wrongCode = 0;
  try {
    await warmUp(client);
    const before = await fleet.facts('reset');
    for (const hostile of cases) {
      const ids = freshIds();
      const outcome = await outcomeOf(hostile, ids, client, folder);
      const expected = [hostile.expected].flat();
      if (!expected.includes(outcome)) {
        wrongCode += 1;
        failures.push(`${nameOf(hostile)}: ${outcome} instead of ${expected.join(' or ')}`);
      }
      if (!mayCall(hostile)) {
        for (const run of [ids.run, runIdOf('default', 'anonymous', ids.id)]) {
          forbidden.set(run, nameOf(hostile));
        }
      }
      if (fleet.crash !== undefined) break;
    }
    failures.push(...((await fuzz?.(client)) ?? []));
    if (fleet.crash === undefined && (await neighbour(client)) !== 'succeeded') {
      failures.push('A good job at the end was not answered.');
    }
    const unwanted = calls.filter(({ model, run }) => model === 'admin' || forbidden.has(run));
    failures.push(
      ...unwanted.map(({ model, run }) => `${model} was called: ${forbidden.get(run) ?? run}`),
    );
    if (fleet.crash !== undefined) failures.push(`The fleet crashed: ${fleet.crash}`);
    const after = fleet.crash === undefined ? await fleet.facts() : before;
    const summary = {
      families: new Set(cases.map(({ family }) => family)).size,
      cases: cases.length,
      wrongCode,
      crashes: fleet.crash === undefined ? 0 : 1,
      modelCalls: unwanted.length,
      rssGrowthMiB: Math.round((after.rssBytes - before.rssBytes) / 2 ** 20),
      p99Ms: p99Of(after.took.map(({ ms }) => ms)),
      p99CpuMs: p99Of(after.took.map(({ cpuMs }) => cpuMs)),
    };
    return { summary, failures };
  } finally {
    await fleet.close();
    await client.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function outcomeOf(
  hostile: HostileCase,
  ids: CaseIds,
  client: HostileClient,
  folder: string,
): Promise<string> {
  if (hostile.entrance === 'flow file') return loadHostile(hostile, folder);
  if (hostile.entrance === 'command line') return runHostile(hostile, folder);
  return client.run(hostile, ids);
}

/** Jobs and large bodies before anything is measured: the growth is not to be that of a process that has just started. */
async function warmUp(client: HostileClient): Promise<void> {
  for (let job = 0; job < WARM_UP_JOBS; job += 1) await neighbour(client);
  const body = Buffer.alloc(MAX_BODY_BYTES, 0x20);
  const large = {
    family: 0,
    entrance: 'job',
    what: 'blanks',
    expected: 'parked bad_json',
  } as const;
  for (let job = 0; job < WARM_UP_LARGE; job += 1) {
    await client.run({ ...large, message: () => ({ body }) }, freshIds());
  }
}

/** A good job, whose answer says that the fleet still works. */
function neighbour(client: HostileClient): Promise<string> {
  const good = { family: 0, entrance: 'job', what: 'a good job', expected: 'succeeded' } as const;
  return client.run(
    { ...good, message: (ids) => ({ body: Buffer.from(textOf('job', ids)) }) },
    freshIds(),
  );
}

/** Ids fit for everything: an envelope, a model's name, a routing key. */
function freshIds(): CaseIds {
  const run = newId();
  return { id: `c-${run}`, run };
}

/** Text that is data all the way, and models that answer nonsense, are asked; what is refused at a door is not. */
function mayCall({ expected, family }: HostileCase): boolean {
  return family >= 55 || [expected].flat().some((outcome) => outcome.startsWith('succeeded'));
}

function nameOf({ family, entrance, what }: HostileCase): string {
  return `B${family} ${entrance}: ${what}`;
}

function p99Of(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0);
}
