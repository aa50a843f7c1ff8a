import { runIdOf } from '../../../shared/envelope/ids.ts';
import { loadFlow } from '../../../shared/flow/load.ts';
import { Random } from '../../chaos/plan/random.ts';
import type { SeedReport } from '../run-seed.ts';
import { type SubmittedJob, Submitter } from '../world/jobs.ts';
import { inPlace, type Place } from '../world/place.ts';
import { clientIn, coordinatorIn, workerIn } from '../world/services.ts';
import { Calls, timedModel } from './calls.ts';

const SERVICE_MS = 1_000;
/** Calls at a time, of both workers together. */
const CONCURRENCY = 4;
const CAPACITY_PER_S = (CONCURRENCY * 1_000) / SERVICE_MS;

/** How much more than its capacity a model is asked for, and for how long; then 80 % until the queue is gone. By the seed. */
const loads = {
  /** The queue grows to eight seconds. */
  overload: { share: 1.4, forMs: 20_000, thenMs: 45_000 },
  /** It grows to more than a minute: longer than any silence is borne that the queue does not explain. */
  flood: { share: 20, forMs: 8_000, thenMs: 5_000 },
} as const;
const kinds = ['overload', 'flood'] as const;
type Kind = (typeof kinds)[number];

/** What is asked of a job in a hurry: its time is over while it waits. */
const HURRIED_MS = 3_000;
const PATIENT_MS = 300_000;
/** A reply that leaves so shortly before the deadline comes after it. */
const WAY_BACK_MS = 20;
const LIMIT_MS = 20 * 60_000;

const step = (id: string) => ({
  step: id,
  model: 'timed',
  timeout: '1100ms',
  input: { ms: String(SERVICE_MS), n: 'payload.n' },
});

/** One call, or two that each stand in the queue: the second is sent by whichever coordinator got the first reply. */
const flows = [['one'], ['first', 'second']].map((steps) =>
  loadFlow(
    JSON.stringify({
      flow: `calls-${steps.length}`,
      version: 1,
      description: 'Calls one model.',
      input: { type: 'object' },
      deadline: '1h',
      do: steps.map(step),
      output: { n: `context.${steps.at(-1)}.n` },
    }),
  ),
);

/**
 * A model is asked for more than it can do, and then for less: no run fails that had time left, and no call is made after the
 * deadline of its run, made twice, or made for nothing. Two coordinators, each of which sees a part of the queue only.
 */
export function runOverload(seed: number, print?: (line: string) => void): Promise<SeedReport> {
  return inPlace(seed, print, play);
}

async function play(place: Place): Promise<SeedReport> {
  const { world } = place;
  const { seed, clock, chance, trace } = world;
  // Nothing goes wrong but that there is too much of it.
  chance.heal();
  const random = new Random(seed, 'overload');
  const kind = kinds[seed % kinds.length] as Kind;
  const calls = new Calls();
  const jobs = jobsOf(seed, kind, random);
  const submitter = new Submitter(world, jobs);
  const coordinators = [0, 1].map((number) => coordinatorIn(place, `coordinator${number}`, flows));
  const workers = [0, 1].map((number) =>
    workerIn(place, { model: 'timed', number }, (process) =>
      timedModel(world, process, { name: 'timed', concurrency: CONCURRENCY / 2, calls }),
    ),
  );
  const client = clientIn(place, submitter);
  const { results } = submitter;
  await clock.run(() => results.size === jobs.length, LIMIT_MS);
  const virtualMs = clock.elapsedMs;
  for (const slot of [...coordinators, ...workers, client]) slot.kill();
  chance.note(kind);
  const violations = [
    ...world.violations,
    ...check(place, jobs, submitter),
    ...(await wasted(place, jobs, calls)),
  ];
  for (const violation of violations) trace.write('check', violation);
  const { faults } = chance;
  return { seed, violations, jobs: jobs.length, faults, digest: trace.digest(), virtualMs };
}

function jobsOf(seed: number, kind: Kind, random: Random): readonly SubmittedJob[] {
  const { share, forMs, thenMs } = loads[kind];
  const jobs: SubmittedJob[] = [];
  for (let atMs = 1_000; atMs < 1_000 + forMs + thenMs; ) {
    const load = atMs < 1_000 + forMs ? share : 0.8;
    const calls = 1 + random.below(2);
    const id = `overload-${seed}-${jobs.length}`;
    jobs.push({
      id,
      run: runIdOf('default', 'client', id),
      flow: { name: `calls-${calls}` },
      payload: { n: jobs.length },
      atMs: Math.round(atMs),
      againAtMs: undefined,
      deadlineMs: random.chance(10) ? HURRIED_MS : PATIENT_MS,
    });
    atMs += (calls * 1_000) / (CAPACITY_PER_S * load);
  }
  return jobs;
}

function check(
  { world }: Place,
  jobs: readonly SubmittedJob[],
  { results }: Submitter,
): readonly string[] {
  const problems: string[] = [];
  let timedOut = 0;
  for (const { id, run, atMs, deadlineMs = 0 } of jobs) {
    const say = (sentence: string) => problems.push(`${id} (${run}): ${sentence}`);
    const result = results.get(id);
    if (!result) {
      say('no result');
      continue;
    }
    const { status, finishedAt, error } = result.run;
    const endedMs = Date.parse(finishedAt) - (world.clock.wallMs - world.clock.elapsedMs);
    if (status === 'timed_out' && deadlineMs === HURRIED_MS) timedOut += 1;
    else if (status !== 'succeeded') say(`${status} ${error?.code} ${error?.message}`);
    const leftMs = Math.floor(atMs + deadlineMs - endedMs);
    if (status !== 'succeeded' && leftMs > 5) say(`${status} with ${leftMs} ms left`);
  }
  if (timedOut === 0) problems.push('nobody had to wait for too long');
  return problems;
}

/** Calls made again, made when their run had no time left, or made for nothing: only the deadline itself may cut one off. */
async function wasted(
  { database }: Place,
  jobs: readonly SubmittedJob[],
  calls: Calls,
): Promise<readonly string[]> {
  const problems = calls.repeated.map(({ first }) => `called again: ${first.key}`);
  const deadlines = new Map<string, number>();
  const used = new Set<string>();
  for (const { run, atMs, deadlineMs = 0 } of jobs) {
    deadlines.set(run, atMs + deadlineMs);
    for (const { type, path, attempt } of await database.store.readHistory(run)) {
      if (type === 'reply_accepted') used.add(`${run} ${path}#${attempt}`);
    }
  }
  for (const { key, run, beganAtMs, endsAtMs } of calls.begun) {
    const deadlineMs = deadlines.get(run) ?? 0;
    if (beganAtMs > deadlineMs) problems.push(`called after the deadline: ${key}`);
    else if (endsAtMs + WAY_BACK_MS < deadlineMs && !used.has(key))
      problems.push(`called for nothing: ${key}`);
  }
  return problems;
}
