import { type LoadFigures, median } from './load.ts';
import type { Place } from './place.ts';
import type { Role } from './process/bench-process.ts';
import type { RunningSystem, UsageOf } from './running-system.ts';
import type { Scenario } from './scenarios.ts';
import type { System } from './system.ts';

export interface Size {
  readonly rounds: number;
  /** Jobs of a chain in each round; other scenarios take their share of it. */
  readonly jobs: number;
}

/** One system in one scenario; each figure is the median of the rounds. What a system cannot say is null. */
export interface Figures {
  readonly id: string;
  readonly name: string;
  readonly group: System['group'];
  readonly perSecond: number;
  /** Runs per second over those of the reference of its group in the same turn; the median of the turns. */
  readonly ratio: number | null;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** One job at a time. */
  readonly aloneP50Ms: number | null;
  /** Jobs and replies in a transaction of the coordinator. */
  readonly meanBatch: number | null;
  /** Of the coordinator that took most, and of all processes together. */
  readonly coordinatorPeakMb: number | null;
  readonly totalPeakMb: number;
  /** Processor seconds of 1,000 runs, by role. */
  readonly cpuSeconds: { readonly [role in Role]: number | null };
}

type Measurement = Omit<Figures, 'id' | 'name' | 'group' | 'ratio'>;
type Usages = readonly UsageOf[];

const BYTES_PER_MB = 1_000_000;

/** Measures the systems in turns, so that what slows the machine for a while slows all of them. */
export async function measure(
  { place, say }: { place: Place; say: (line: string) => void },
  scenario: Scenario,
  systems: readonly System[],
  { rounds, jobs }: Size,
): Promise<Figures[]> {
  const able = systems.filter(({ scenarios: can }) => !can || can.includes(scenario.name));
  const measured = able.map((system) => ({ system, rounds: [] as Measurement[] }));
  for (let round = 1; round <= rounds; round += 1) {
    for (const { system, rounds: done } of measured) {
      const one = await measureOnce(await system.start(place, scenario), scenario, jobs);
      done.push(one);
      const perSecond = one.perSecond.toFixed(1).padStart(8);
      say(`${scenario.name} ${round}/${rounds}  ${system.name.padEnd(28)} ${perSecond} runs/s`);
    }
  }
  return withRatios(measured);
}

async function measureOnce(
  running: RunningSystem,
  { name, inFlight, share, warmUpJobs, aloneJobs }: Scenario,
  jobs: number,
): Promise<Measurement> {
  try {
    await running.load(name, warmUpJobs, inFlight);
    const before = await running.usage();
    const loaded = await running.load(name, Math.max(inFlight, Math.round(jobs * share)), inFlight);
    const after = await running.usage();
    const alone = aloneJobs > 0 ? await running.load(name, aloneJobs, 1) : undefined;
    return { ...figuresOf(loaded, before, after), aloneP50Ms: alone?.p50Ms ?? null };
  } finally {
    await running.stop();
  }
}

/** What a load cost, from what the processes had used before it and after it. */
export function figuresOf(
  loaded: LoadFigures,
  before: Usages,
  after: Usages,
): Omit<Measurement, 'aloneP50Ms'> {
  const peaks = (role?: Role) =>
    after.filter((each) => !role || each.role === role).map((each) => each.peakBytes);
  const used = (role: Role) => {
    const spent = after.map((each, index) => ({
      role: each.role,
      cpuMs: each.cpuMs - (before[index]?.cpuMs ?? 0),
    }));
    const ofRole = spent.filter((each) => each.role === role);
    return ofRole.length === 0 ? null : sum(ofRole.map(({ cpuMs }) => cpuMs)) / loaded.jobs;
  };
  const coordinators = peaks('coordinator');
  return {
    perSecond: loaded.perSecond,
    p50Ms: loaded.p50Ms,
    p99Ms: loaded.p99Ms,
    meanBatch: meanBatch(before, after),
    coordinatorPeakMb: coordinators.length === 0 ? null : Math.max(...coordinators) / BYTES_PER_MB,
    totalPeakMb: sum(peaks()) / BYTES_PER_MB,
    // Milliseconds of one run are seconds of a thousand.
    cpuSeconds: {
      coordinator: used('coordinator'),
      worker: used('worker'),
      client: used('client'),
    },
  };
}

function meanBatch(before: Usages, after: Usages): number | null {
  const total = (usages: Usages, key: 'tasks' | 'transactions') =>
    sum(usages.map(({ counts }) => counts?.[key] ?? 0));
  const transactions = total(after, 'transactions') - total(before, 'transactions');
  return transactions === 0
    ? null
    : (total(after, 'tasks') - total(before, 'tasks')) / transactions;
}

function medians(rounds: readonly Measurement[]): Measurement {
  const of = (pick: (one: Measurement) => number | null): number =>
    median(rounds.map(pick).filter((value) => value !== null));
  const orNull = (pick: (one: Measurement) => number | null) =>
    rounds.every((one) => pick(one) === null) ? null : of(pick);
  return {
    perSecond: of((one) => one.perSecond),
    p50Ms: of((one) => one.p50Ms),
    p99Ms: of((one) => one.p99Ms),
    aloneP50Ms: orNull((one) => one.aloneP50Ms),
    meanBatch: orNull((one) => one.meanBatch),
    coordinatorPeakMb: orNull((one) => one.coordinatorPeakMb),
    totalPeakMb: of((one) => one.totalPeakMb),
    cpuSeconds: {
      coordinator: orNull((one) => one.cpuSeconds.coordinator),
      worker: orNull((one) => one.cpuSeconds.worker),
      client: orNull((one) => one.cpuSeconds.client),
    },
  };
}

/** Ratios of turns: what slows the machine for minutes slows the two of a turn, and not the turns alike. */
function withRatios(
  measured: readonly { readonly system: System; readonly rounds: readonly Measurement[] }[],
): Figures[] {
  return measured.map(({ system: { id, name, group }, rounds }) => {
    const theirs = measured.find(
      ({ system }) => system.group === group && system.reference,
    )?.rounds;
    const ratio = theirs
      ? median(rounds.map((one, turn) => one.perSecond / (theirs[turn] as Measurement).perSecond))
      : null;
    return { id, name, group, ratio, ...medians(rounds) };
  });
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
