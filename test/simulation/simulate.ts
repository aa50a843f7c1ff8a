import { parseArgs } from 'node:util';
import type { SeedReport } from './run-seed.ts';
import { installVirtualWorld } from './virtual/install.ts';

type RunSeed = (seed: number, print?: (line: string) => void) => Promise<SeedReport>;

/**
 * `npm run simulate -- --seeds N --from S`: runs N seeds, says which broke a promise and how to see them again. `--trace` prints
 * everything that happens; `--twice` runs every seed a second time and compares the traces; `--digests` prints the digest of each trace.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    twice: { type: 'boolean', default: false },
    digests: { type: 'boolean', default: false },
    scenario: { type: 'string', default: 'faults' },
  },
});
const seeds = Number(values.seeds);
const from = Number(values.from);
if (!Number.isSafeInteger(seeds) || seeds < 1 || !Number.isSafeInteger(from) || from < 0) {
  process.stderr.write('simulate: --seeds and --from are whole numbers\n');
  process.exit(2);
}

const startedNs = process.hrtime.bigint();
installVirtualWorld();
// A fault is an error, and most of a seed's errors are read by nobody: their stacks are a tenth of its time.
if (!values.trace) Error.stackTraceLimit = 0;
// Only now: the product must find the virtual world when it is loaded.
const scenarios: Readonly<Record<string, () => Promise<RunSeed>>> = {
  faults: async () => (await import('./run-seed.ts')).runSeed,
  outage: async () => (await import('./scenarios/outage.ts')).runOutage,
  overload: async () => (await import('./scenarios/overload.ts')).runOverload,
};
const runSeed = await scenarios[values.scenario]?.();
if (!runSeed) {
  process.stderr.write(`simulate: --scenario is one of ${Object.keys(scenarios).join(', ')}\n`);
  process.exit(2);
}
const print = values.trace ? (line: string) => process.stdout.write(`${line}\n`) : undefined;
let failed = 0;
let different = 0;
let jobs = 0;
let virtualMs = 0;
const faults: Record<string, number> = {};
for (let seed = from; seed < from + seeds; seed += 1) {
  const report = await runSeed(seed, print);
  jobs += report.jobs;
  virtualMs += report.virtualMs;
  for (const [fault, times] of report.faults) faults[fault] = (faults[fault] ?? 0) + times;
  if (values.digests) process.stdout.write(`seed ${seed} ${report.digest}\n`);
  if (values.twice && (await runSeed(seed)).digest !== report.digest) {
    different += 1;
    process.stdout.write(`seed ${seed}: two runs gave different traces\n`);
  }
  if (report.violations.length === 0) continue;
  failed += 1;
  process.stdout.write(`seed ${seed} broke ${report.violations.length} promises\n`);
  for (const violation of report.violations.slice(0, 10)) process.stdout.write(`  ${violation}\n`);
  process.stdout.write(
    `  again: npm run simulate -- --scenario ${values.scenario} --seeds 1 --from ${seed} --trace\n`,
  );
}
const seconds = Number(process.hrtime.bigint() - startedNs) / 1e9;
const line = {
  seeds,
  from,
  failed,
  different,
  jobs,
  faults,
  virtualHours: Math.round(virtualMs / 36_000) / 100,
  seedsPerSecond: Math.round((seeds / seconds) * 10) / 10,
};
process.stdout.write(`${JSON.stringify(line)}\n`);
process.exit(failed + different > 0 ? 1 : 0);
