/** A job to finish: resolves when its result is there. */
export type RunOne = (n: number) => Promise<void>;

export interface LoadFigures {
  readonly jobs: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Runs `jobs` jobs, `inFlight` at a time, and times each from submit to result. */
export async function runLoad(
  runOne: RunOne,
  jobs: number,
  inFlight: number,
): Promise<LoadFigures> {
  const latenciesMs: number[] = [];
  let next = 0;
  const lane = async () => {
    while (next < jobs) {
      const n = next++;
      const startedMs = performance.now();
      await runOne(n);
      latenciesMs.push(performance.now() - startedMs);
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: Math.min(inFlight, jobs) }, lane));
  const seconds = (performance.now() - startedMs) / 1000;
  return {
    jobs,
    perSecond: jobs / seconds,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  };
}

/** The value below which a share `q` of the values lies (nearest rank). */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
