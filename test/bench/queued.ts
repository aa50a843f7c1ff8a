import { setTimeout as pause } from 'node:timers/promises';
import type { StoreKind } from './fleet/fleet.ts';
import { LoneFleet } from './fleet/lone-fleet.ts';
import type { Place } from './place.ts';
import { scenarios } from './scenarios.ts';
import { decimal, table } from './table.ts';

/** The coordinator at one moment of its work on a backlog. */
export interface QueuedSample {
  readonly atMs: number;
  readonly accepted: number;
  readonly succeeded: number;
  readonly residentMb: number;
}

/** A coordinator that works off a backlog: how much memory it takes on the way. */
export interface QueuedFigures {
  readonly store: StoreKind;
  readonly jobs: number;
  readonly perSecond: number;
  readonly peakMb: number;
  /** Most runs that were open at once. */
  readonly mostOpen: number;
  readonly samples: readonly QueuedSample[];
}

const EVERY_MS = 1_000;
/** A backlog that does not get shorter for so long is a fault. */
const STALLED_MS = 120_000;
const BYTES_PER_MB = 1_000_000;

/** All jobs are in the queue before the coordinator starts. */
export async function measureQueued(
  { place, say }: { place: Place; say: (line: string) => void },
  jobs: number,
): Promise<QueuedFigures[]> {
  const figures: QueuedFigures[] = [];
  for (const store of ['sqlite', 'postgres'] as const) {
    const fleet = await LoneFleet.start(place, store, scenarios.chain.models);
    try {
      await fleet.submit('chain', scenarios.chain.payload, jobs);
      say(`${jobs} jobs queued for the coordinator on ${store}`);
      await fleet.startCoordinator();
      figures.push(await workOff(fleet, jobs, say));
    } finally {
      await fleet.stop();
    }
  }
  return figures;
}

async function workOff(
  fleet: LoneFleet,
  jobs: number,
  say: (line: string) => void,
): Promise<QueuedFigures> {
  const beganMs = performance.now();
  const samples: QueuedSample[] = [];
  let [peakBytes, movedMs] = [0, beganMs];
  for (;;) {
    const usage = await fleet.coordinatorUsage();
    const { accepted = 0, succeeded = 0 } = usage.counts ?? {};
    const atMs = performance.now() - beganMs;
    const before = samples.at(-1);
    samples.push({ atMs, accepted, succeeded, residentMb: usage.residentBytes / BYTES_PER_MB });
    peakBytes = usage.peakBytes;
    if (succeeded >= jobs) break;
    if (accepted + succeeded > (before ? before.accepted + before.succeeded : 0)) {
      movedMs = performance.now();
    }
    if (performance.now() - movedMs > STALLED_MS) {
      throw new Error(
        `${accepted} of ${jobs} queued jobs were accepted, ${succeeded} succeeded, and no more do`,
      );
    }
    if (samples.length % 10 === 0) say(`${fleet.store}: ${succeeded} of ${jobs}`);
    await pause(EVERY_MS);
  }
  const lastMs = samples.at(-1)?.atMs ?? 0;
  return {
    store: fleet.store,
    jobs,
    perSecond: (jobs * 1_000) / lastMs,
    peakMb: peakBytes / BYTES_PER_MB,
    mostOpen: Math.max(...samples.map(({ accepted, succeeded }) => accepted - succeeded)),
    samples,
  };
}

const SHARES = [0.05, 0.25, 0.5, 0.75, 1];

/** Resident memory when so much of the backlog is done. */
function residentAt({ samples, jobs }: QueuedFigures, share: number): number | null {
  return samples.find(({ succeeded }) => succeeded >= jobs * share)?.residentMb ?? null;
}

export const queuedTitle = 'a backlog of chains of 3: memory of the coordinator on the way';

export function queuedTable(figures: readonly QueuedFigures[]): string {
  const shares = SHARES.map((share) => ({
    title: `${share * 100} %`,
    width: 7,
    cell: (row: QueuedFigures) => decimal(residentAt(row, share), 0),
  }));
  return [
    'MB resident when so much of the backlog is done, and the peak',
    table(
      [
        { title: 'store', width: 9, cell: (row) => row.store },
        { title: 'queued', width: 8, cell: (row) => String(row.jobs) },
        { title: 'runs/s', width: 8, cell: (row) => decimal(row.perSecond, 0) },
        { title: 'most open', width: 11, cell: (row) => String(row.mostOpen) },
        ...shares,
        { title: 'peak', width: 7, cell: (row) => decimal(row.peakMb, 0) },
      ],
      figures,
    ),
  ].join('\n\n');
}
