import type { DefinedFlow } from '../../../services/coordinator/flow-documents.ts';
import { runIdOf } from '../../../shared/envelope/ids.ts';
import { loadFlow } from '../../../shared/flow/load.ts';
import { Random } from '../../chaos/plan/random.ts';
import type { SeedReport } from '../run-seed.ts';
import { type SubmittedJob, Submitter } from '../world/jobs.ts';
import { inPlace, type Place } from '../world/place.ts';
import { clientIn, coordinatorIn, workerIn } from '../world/services.ts';
import type { Slot } from '../world/slot.ts';
import { type BegunCall, Calls, timedModel } from './calls.ts';

/**
 * What is away, by the seed: the coordinators in one of three ways, the broker, the database, or all of it. bereaved: the broker,
 * and of each model one worker does not come back.
 */
const kinds = [
  'stopped',
  'killed',
  'suspended',
  'broker',
  'database',
  'everything',
  'bereaved',
] as const;
type Kind = (typeof kinds)[number];

const JOBS = 16;
const BEGINS_MS = 20_000;
const OUTAGE_MS = 60_000;
/** Services dial again after up to three seconds. */
const DIAL_MS = 3_000;
/** A coordinator killed within this after it sent a request has not noted that it did, and it is sent again. */
const NOTED_MS = 300;
const RESUMES_WITHIN_MS = 30_000;
/** What a worker had that does not come back is called again after this: others dial, and wait 10 s for it. */
const MOURNED_MS = DIAL_MS + 11_000;
const LIMIT_MS = 20 * 60_000;

const across = wide('across', { timeout: '2m' });
const queued = {
  branch: 'queued',
  do: [step('narrow', 'first', { timeout: '5s' }), step('narrow', 'second')],
};

/**
 * Steps whose time (`within`, a join's or their own), silence or call ends inside of the outage. `wide` runs them all at
 * once; `narrow` has a queue.
 */
const flow = flowOf([
  {
    branch: 'joined',
    do: [{ parallel: 'pair', join: { within: '30s' }, branches: [wide('left'), wide('right')] }],
  },
  wide('brief', { within: '25s', timeout: '25s' }),
  across,
  queued,
]);

/** Where a call is lost with its worker there is no time for another. */
const patientFlow = flowOf([across, queued]);

function flowOf(branches: readonly object[]): DefinedFlow {
  return loadFlow(
    JSON.stringify({
      flow: 'outage',
      version: 1,
      description: 'Waits of every kind.',
      input: { type: 'object' },
      deadline: '15m',
      do: [{ parallel: 'fan', branches }, wide('last', { timeout: '5s' })],
      output: { n: 'context.last.n' },
    }),
  );
}

function wide(id: string, more: object = {}): object {
  return step('wide', id, more);
}

function step(model: string, id: string, more: object = {}): object {
  return { step: id, model, input: { ms: `payload.${id}Ms`, n: 'payload.n' }, ...more };
}

/**
 * An outage of 60 s while workers are in mid-call: no call is made twice, no step is timed out, every run succeeds with
 * nothing missing, and there is progress within 30 s of its end.
 */
export function runOutage(seed: number, print?: (line: string) => void): Promise<SeedReport> {
  return inPlace(seed, print, play);
}

async function play(place: Place): Promise<SeedReport> {
  const { world } = place;
  const { seed, clock, chance, trace } = world;
  // Nothing goes wrong but the outage.
  chance.heal();
  const random = new Random(seed, 'outage');
  const kind = kinds[seed % kinds.length] as Kind;
  const calls = new Calls();
  const jobs = Array.from({ length: JOBS }, (_, number) => jobOf(seed, number, random));
  const submitter = new Submitter(world, jobs);
  const coordinators = [0, 1].map((number) =>
    coordinatorIn(place, `coordinator${number}`, [kind === 'bereaved' ? patientFlow : flow]),
  );
  const workers = [0, 1].flatMap((number) => [
    workerIn(place, { model: 'wide', number }, (process) =>
      timedModel(world, process, { name: 'wide', concurrency: 200, calls }),
    ),
    workerIn(place, { model: 'narrow', number }, (process) =>
      timedModel(world, process, { name: 'narrow', concurrency: 1, calls }),
    ),
  ]);
  const client = clientIn(place, submitter);
  const all = [...coordinators, ...workers, client];
  const struck = { coordinators, lost: workers.slice(0, 2), all };
  clock.after(BEGINS_MS, () => strike(kind, place, struck), null);
  const { results } = submitter;
  await clock.run(() => results.size === jobs.length, LIMIT_MS);
  const virtualMs = clock.elapsedMs;
  for (const slot of all) slot.kill();
  const violations = [
    ...world.violations,
    ...calledAgain(kind, calls, await lastSent(place, jobs)),
    ...(kind === 'bereaved' ? mourned(calls) : []),
    ...(await check(place, jobs, submitter)),
    ...(kind === 'bereaved' ? [] : idle(calls)),
  ];
  for (const violation of violations) trace.write('check', violation);
  chance.note(kind);
  const { faults } = chance;
  return { seed, violations, jobs: jobs.length, faults, digest: trace.digest(), virtualMs };
}

const kills = (kind: Kind) => kind === 'killed' || kind === 'everything';

function jobOf(seed: number, number: number, random: Random): SubmittedJob {
  const between = (least: number, most: number) => least + random.below(most - least);
  const id = `outage-${seed}-${number}`;
  return {
    id,
    run: runIdOf('default', 'client', id),
    flow: { name: flow.flow.name },
    payload: {
      n: number,
      leftMs: between(1_000, 25_000),
      rightMs: between(1_000, 25_000),
      briefMs: between(1_000, 22_000),
      acrossMs: between(20_000, 100_000),
      firstMs: between(500, 4_500),
      secondMs: between(500, 4_500),
      lastMs: between(100, 4_000),
    },
    // The calls of the last ones have just begun: a step that no worker has when the broker goes is late for itself.
    atMs: between(BEGINS_MS - 12_000, BEGINS_MS - 100),
    againAtMs: undefined,
    deadlineMs: undefined,
  };
}

/** Who may be struck; `lost`: one worker of each model. */
interface Struck {
  readonly coordinators: readonly Slot[];
  readonly lost: readonly Slot[];
  readonly all: readonly Slot[];
}

function strike(kind: Kind, { world, database }: Place, { coordinators, lost, all }: Struck): void {
  const { chance, trace } = world;
  trace.write('world', `outage: ${kind}`);
  const awayMs = () => OUTAGE_MS + chance.upTo(DIAL_MS);
  if (kind === 'database' || kind === 'everything') database.goAway(OUTAGE_MS);
  if (kind === 'broker' || kind === 'everything' || kind === 'bereaved') {
    for (const slot of all) slot.transport.lose({ awayMs: awayMs() });
  }
  if (kind === 'bereaved') for (const slot of lost) slot.kill(LIMIT_MS);
  if (kind === 'suspended') for (const slot of coordinators) slot.pause(OUTAGE_MS);
  if (kind === 'stopped') for (const slot of coordinators) slot.stop(awayMs());
  if (kills(kind)) for (const slot of coordinators) slot.kill(awayMs());
}

/**
 * No call is made again, but what a coordinator sent in the very last moment before it was killed, and that only when it was not
 * begun, or not finished, by then.
 */
function calledAgain(kind: Kind, { repeated }: Calls, sentLast: ReadonlySet<string>) {
  return repeated
    .filter(({ first }) => kind !== 'bereaved' || !isLost(first))
    .filter(({ first, again }) => {
      const isFinished = first.beganAtMs < BEGINS_MS && again.beganAtMs >= first.endsAtMs;
      return !kills(kind) || isFinished || !sentLast.has(first.key);
    })
    .map(({ first, again }) => {
      const finished = again.beganAtMs >= first.endsAtMs ? 'finished and ' : '';
      return `${finished}called again: ${first.key}`;
    });
}

/** Attempts whose requests left just before the outage. */
async function lastSent(
  { world, database }: Place,
  jobs: readonly SubmittedJob[],
): Promise<ReadonlySet<string>> {
  const beginsMs = world.clock.wallMs - world.clock.elapsedMs + BEGINS_MS;
  const keys = new Set<string>();
  for (const { run } of jobs) {
    for (const { type, path, attempt, atMs } of await database.store.readHistory(run)) {
      const isLast = atMs <= beginsMs && atMs > beginsMs - NOTED_MS;
      if (type === 'attempt_dispatched' && isLast) keys.add(`${run} ${path}#${attempt}`);
    }
  }
  return keys;
}

/** Made by a worker that is lost in the outage. */
const isLost = ({ worker }: BegunCall) => /^(wide|narrow)0-/.test(worker);

/** What was lost with its worker is made again, and soon. */
function mourned({ begun, repeated }: Calls): readonly string[] {
  const again = new Map(repeated.map(({ first, again: { beganAtMs } }) => [first.key, beganAtMs]));
  const latestMs = BEGINS_MS + OUTAGE_MS + MOURNED_MS;
  const lost = begun.filter((call) => isLost(call) && call.endsAtMs > BEGINS_MS);
  const late = lost.filter(({ key }) => !((again.get(key) ?? Infinity) < latestMs));
  const problems = late.map(({ key }) => `lost with its worker: ${key}, again ${again.get(key)}`);
  return lost.length > 0 ? problems : ['no call was lost with its worker'];
}

async function check(
  { world, database }: Place,
  jobs: readonly SubmittedJob[],
  { results }: Submitter,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const endMs = BEGINS_MS + OUTAGE_MS;
  const startMs = world.clock.wallMs - world.clock.elapsedMs;
  let firstMs = Infinity;
  for (const { id, run } of jobs) {
    const say = (sentence: string) => problems.push(`${id} (${run}): ${sentence}`);
    const result = results.get(id);
    if (!result) {
      say('no result');
      continue;
    }
    const { status, missing, error } = result.run;
    if (status !== 'succeeded') say(`${status} ${error?.code} ${error?.message}`);
    if (missing.length > 0) say(`missing: ${missing.join(', ')}`);
    for (const { type, path, attempt = 0, code, atMs } of await database.store.readHistory(run)) {
      if (atMs - startMs > endMs) firstMs = Math.min(firstMs, atMs - startMs);
      if (type === 'attempt_timed_out') say(`${path}#${attempt} timed out`);
      if (type === 'retry_scheduled') say(`${path} is tried again: ${code}`);
    }
  }
  if (firstMs - endMs > RESUMES_WITHIN_MS) problems.push(`no progress until ${firstMs} ms`);
  return problems;
}

/** An outage in which little happens proves little. */
function idle(calls: Calls): readonly string[] {
  const endMs = BEGINS_MS + OUTAGE_MS;
  const inside = calls.begun.filter(
    ({ beganAtMs, endsAtMs }) => beganAtMs < BEGINS_MS && endsAtMs > BEGINS_MS && endsAtMs < endMs,
  );
  return inside.length < JOBS ? [`only ${inside.length} calls ended inside of the outage`] : [];
}
