import type { StoreKind } from './fleet/fleet.ts';
import { LoneFleet } from './fleet/lone-fleet.ts';
import { median } from './load.ts';
import { figuresOf, type Size } from './measure.ts';
import type { Place } from './place.ts';
import { scenarios } from './scenarios.ts';
import { decimal, table } from './table.ts';

/** What a chain of three costs while so many other runs are open; medians of the rounds. */
export interface GrowthFigures {
  readonly store: StoreKind;
  readonly open: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly aloneP50Ms: number;
  /** Processor seconds of 1,000 runs in the coordinator. */
  readonly cpuSeconds: number;
  readonly peakMb: number;
  /** From the start of the coordinator's process until it coordinates. */
  readonly startMs: number;
}

type Round = Omit<GrowthFigures, 'store' | 'open' | 'startMs'>;

const { chain } = scenarios;

/** Both stores take turns at each size. The other runs wait for a model that never answers. */
export async function measureGrowth(
  { place, say }: { place: Place; say: (line: string) => void },
  sizes: readonly number[],
  { rounds, jobs }: Size,
): Promise<GrowthFigures[]> {
  const models = [...chain.models, 'bench-silent'];
  const fleets: LoneFleet[] = [];
  const figures: GrowthFigures[] = [];
  try {
    for (const store of ['sqlite', 'postgres'] as const) {
      const fleet = await LoneFleet.start(place, store, models);
      fleets.push(fleet);
      await fleet.startCoordinator();
    }
    let made = 0;
    for (const open of sizes) {
      const starts: number[] = [];
      for (const fleet of fleets) {
        await fleet.open('waiting', chain.payload, open - made);
        await fleet.stopCoordinator();
        starts.push(await fleet.startCoordinator());
      }
      made = open;
      const done = fleets.map((): Round[] => []);
      for (let round = 1; round <= rounds; round += 1) {
        for (const [index, fleet] of fleets.entries()) {
          const one = await measureRound(fleet, jobs);
          done[index]?.push(one);
          say(
            `${open} others open, ${round}/${rounds}  ${fleet.store.padEnd(9)} ${one.perSecond.toFixed(1).padStart(8)} runs/s`,
          );
        }
      }
      for (const [index, { store }] of fleets.entries()) {
        const startMs = starts[index] as number;
        figures.push({ store, open, ...medians(done[index] as Round[]), startMs });
      }
    }
    return figures;
  } finally {
    for (const fleet of fleets) await fleet.stop();
  }
}

async function measureRound(fleet: LoneFleet, jobs: number): Promise<Round> {
  await fleet.load('chain', chain.warmUpJobs, chain.inFlight);
  const before = await fleet.coordinatorUsage();
  const loaded = await fleet.load('chain', jobs, chain.inFlight);
  const after = await fleet.coordinatorUsage();
  const alone = await fleet.load('chain', chain.aloneJobs, 1);
  const { perSecond, p50Ms, p99Ms, cpuSeconds, totalPeakMb } = figuresOf(loaded, [before], [after]);
  return {
    perSecond,
    p50Ms,
    p99Ms,
    aloneP50Ms: alone.p50Ms,
    cpuSeconds: cpuSeconds.coordinator ?? Number.NaN,
    peakMb: totalPeakMb,
  };
}

function medians(rounds: readonly Round[]): Round {
  const of = (key: keyof Round) => median(rounds.map((one) => one[key]));
  return {
    perSecond: of('perSecond'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    aloneP50Ms: of('aloneP50Ms'),
    cpuSeconds: of('cpuSeconds'),
    peakMb: of('peakMb'),
  };
}

export const growthTitle = 'chain of 3, 200 in flight, while other runs wait for a model';

export function growthTable(figures: readonly GrowthFigures[]): string {
  const rows = figures.toSorted(
    (one, other) => other.store.localeCompare(one.store) || one.open - other.open,
  );
  return table(
    [
      { title: 'store', width: 9, cell: (row) => row.store },
      { title: 'open', width: 8, cell: (row) => String(row.open) },
      { title: 'runs/s', width: 9, cell: (row) => decimal(row.perSecond, 0) },
      { title: 'p50 ms', width: 9, cell: (row) => decimal(row.p50Ms, 1) },
      { title: 'p99 ms', width: 9, cell: (row) => decimal(row.p99Ms, 1) },
      { title: 'alone ms', width: 10, cell: (row) => decimal(row.aloneP50Ms, 2) },
      { title: 'coord. s', width: 10, cell: (row) => decimal(row.cpuSeconds, 2) },
      { title: 'MB', width: 6, cell: (row) => decimal(row.peakMb, 0) },
      { title: 'start s', width: 9, cell: (row) => decimal(row.startMs / 1_000, 1) },
    ],
    rows,
  );
}
