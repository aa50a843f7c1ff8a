import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId, runIdOf } from '../../shared/envelope/ids.ts';
import { MAX_BODY_BYTES } from '../../shared/envelope/limits.ts';
import type { CaseIds, HostileCase, RawMessage } from './corpus/case.ts';
import { addressOf, textOf } from './corpus/envelopes.ts';
import { Signing } from './corpus/signing.ts';
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

/** Something else that is done to the fleet at the end; answers what is wrong. */
type Finale = (
  client: HostileClient,
  isAlive: () => Promise<boolean>,
) => Promise<readonly string[]>;

/** Runs cases against fleets of their own on a broker whose virtual host is empty: one that signs nothing, then one that does. */
export async function runCases(
  cases: readonly HostileCase[],
  url: string,
  finale?: Finale,
): Promise<HostileRun> {
  const plain = cases.filter((hostile) => !('signed' in hostile));
  const signed = cases.filter((hostile) => 'signed' in hostile);
  const runs = [await besiege(plain, url, { finale })];
  if (signed.length > 0) runs.push(await besiege(signed, url, { secured: true }));
  const summaries = runs.map(({ summary }) => summary);
  const sum = (part: keyof Summary) => summaries.reduce((all, one) => all + one[part], 0);
  const most = (part: keyof Summary) => Math.max(...summaries.map((one) => one[part]));
  return {
    failures: runs.flatMap(({ failures }) => failures),
    summary: {
      families: new Set(cases.map(({ family }) => family)).size,
      cases: cases.length,
      wrongCode: sum('wrongCode'),
      crashes: sum('crashes'),
      modelCalls: sum('modelCalls'),
      rssGrowthMiB: most('rssGrowthMiB'),
      p99Ms: most('p99Ms'),
      p99CpuMs: most('p99CpuMs'),
    },
  };
}

async function besiege(
  cases: readonly HostileCase[],
  url: string,
  { secured = false, finale }: { readonly secured?: boolean; readonly finale?: Finale | undefined },
): Promise<HostileRun> {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-hostile-'));
  const signing = secured ? new Signing(folder) : undefined;
  const callers = ['anonymous', 'shop'];
  const calls: (FromFleet & { readonly type: 'call' })[] = [];
  let hear = (_: FromFleet & { readonly type: 'log' }): void => {};
  const keys = signing === undefined ? {} : { keys: [signing.folder] as const };
  // The fleet first: it makes the exchanges.
  const fleet = await Fleet.start({ url, folder, ...keys }, (message) => {
    if (message.type === 'call') calls.push(message);
    if (message.type === 'log') hear(message);
  });
  const client = await HostileClient.connect(url);
  hear = (line) => client.hear(line);
  const tools = { client, folder, signing };
  const failures: string[] = [];
  /** How often a model may be called for a run, and by which case. */
  const allowed = new Map<string, { readonly most: number; readonly name: string }>();
  let wrongCode = 0;
  try {
    await warmUp(tools);
    const before = await fleet.facts('reset');
    for (const hostile of cases) {
      const ids = freshIds(folder);
      const outcome = await outcomeOf(hostile, ids, tools);
      const expected = [hostile.expected].flat();
      if (!expected.includes(outcome)) {
        wrongCode += 1;
        failures.push(`${nameOf(hostile)}: ${outcome} instead of ${expected.join(' or ')}`);
      }
      for (const run of [ids.run, ...callers.map((name) => runIdOf('default', name, ids.id))]) {
        allowed.set(run, { most: callsOf(hostile), name: nameOf(hostile) });
      }
      if (fleet.crash !== undefined) break;
    }
    const isAlive = async () => (await neighbour(tools)) === 'succeeded';
    failures.push(...((await finale?.(client, isAlive)) ?? []));
    if (fleet.crash === undefined && !(await isAlive())) {
      failures.push('A good job at the end was not answered.');
    }
    const unwanted = unwantedOf(calls, allowed);
    failures.push(...unwanted);
    if (fleet.crash !== undefined) failures.push(`The fleet crashed: ${fleet.crash}`);
    const after = fleet.crash === undefined ? await fleet.facts() : before;
    const summary = {
      families: 0,
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
    signing?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A line for each call that should not have been. */
function unwantedOf(
  calls: readonly (FromFleet & { readonly type: 'call' })[],
  allowed: ReadonlyMap<string, { readonly most: number; readonly name: string }>,
): readonly string[] {
  const counted = new Map<string, number>();
  return calls.flatMap(({ model, run }) => {
    const count = (counted.get(run) ?? 0) + 1;
    counted.set(run, count);
    const { most = Number.POSITIVE_INFINITY, name = 'a run of no case' } = allowed.get(run) ?? {};
    return model === 'admin' || count > most ? [`${model} was called: ${name}`] : [];
  });
}

interface Tools {
  readonly client: HostileClient;
  readonly folder: string;
  readonly signing: Signing | undefined;
}

async function outcomeOf(
  hostile: HostileCase,
  ids: CaseIds,
  { client, folder, signing }: Tools,
): Promise<string> {
  if (hostile.entrance === 'flow file') return loadHostile(hostile, folder);
  if (hostile.entrance === 'command line') return runHostile(hostile, folder);
  if (!('signed' in hostile)) return client.run(hostile, ids);
  if (signing === undefined) throw new Error('A signed case needs keys.');
  return client.run({ ...hostile, message: () => hostile.message(ids, signing) }, ids);
}

/** Jobs and large bodies before anything is measured: the growth is not to be that of a process that has just started. */
async function warmUp(tools: Tools): Promise<void> {
  const { client, folder } = tools;
  for (let job = 0; job < WARM_UP_JOBS; job += 1) await neighbour(tools);
  const body = Buffer.alloc(MAX_BODY_BYTES, 0x20);
  const large = {
    family: 0,
    entrance: 'job',
    what: 'blanks',
    expected: '',
  } as const;
  for (let job = 0; job < WARM_UP_LARGE; job += 1) {
    await client.run({ ...large, message: () => ({ body }) }, freshIds(folder));
  }
}

/** A good job, whose answer says that the fleet still works. */
function neighbour({ client, folder, signing }: Tools): Promise<string> {
  const good = { family: 0, entrance: 'job', what: 'a good job', expected: 'succeeded' } as const;
  const message = (ids: CaseIds): RawMessage => {
    const body = Buffer.from(textOf('job', ids));
    if (signing === undefined) return { body };
    const { id: messageId } = ids;
    const unsigned = {
      ...addressOf('job', ids),
      body,
      messageId,
      type: 'job',
      correlationId: messageId,
    };
    const { headers } = signing.sealed(unsigned, 'job');
    return { body, properties: { type: 'job', headers } };
  };
  return client.run({ ...good, message }, freshIds(folder));
}

/** Ids fit for everything: an envelope, a model's name, a routing key. */
function freshIds(folder: string): CaseIds {
  const run = newId();
  return { id: `c-${run}`, run, artifactFolder: join(folder, 'artifacts') };
}

/** Text that is data all the way, and models that answer nonsense, are asked; what is refused at a door is not. */
function callsOf({ expected, family, ...more }: HostileCase): number {
  const may = [expected].flat().some((outcome) => outcome.startsWith('succeeded'));
  if ('times' in more) return may ? 1 : 0;
  return may || family >= 55 ? Number.POSITIVE_INFINITY : 0;
}

function nameOf({ family, entrance, what }: HostileCase): string {
  return `B${family} ${entrance}: ${what}`;
}

function p99Of(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0);
}
