import { parseArgs } from 'node:util';
import { findBroker } from '../support/broker/find.ts';
import { corpus } from './corpus/corpus.ts';
import { fuzz } from './fuzz.ts';
import { runCases, type Summary } from './run.ts';

/**
 * `npm run test:hostile`: see README.md. What is wrong goes to standard error, the summary to standard output. Ends with 0 when every
 * case was answered with its code, nothing crashed, no model was called and time and memory stayed in bounds; with 1 when not.
 */
const { values } = parseArgs({
  options: {
    /** Numbers of families, with commas; default: all. */
    families: { type: 'string' },
    /** Fuzzed messages after the cases. */
    fuzz: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    /** The summary as one line of JSON. */
    json: { type: 'boolean', default: false },
  },
});

/** Processor time: a machine that does other things too makes nothing slower by that. */
const MAX_P99_CPU_MS = 50;
const MAX_GROWTH_MIB = 64;

const wanted = values.families?.split(',').map(Number);
const cases = corpus.filter(({ family }) => wanted?.includes(family) ?? true);
const name = `hostile-${process.pid}`;
const broker = await findBroker(name);
const url = await broker.addVhost(name);
try {
  const { summary, failures } = await runCases(
    cases,
    url,
    fuzz(Number(values.fuzz), Number(values.seed)),
  );
  const wrong = [...failures, ...excesses(summary)];
  for (const failure of wrong) process.stderr.write(`${failure}\n`);
  const words = Object.entries(summary).map(([key, value]) => `${key} ${value}`);
  process.stdout.write(`${values.json ? JSON.stringify(summary) : words.join(', ')}\n`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
} finally {
  await broker.removeVhost(name);
  await broker.stop();
}

function excesses({ p99CpuMs, rssGrowthMiB }: Summary): readonly string[] {
  return [
    ...(p99CpuMs <= MAX_P99_CPU_MS ? [] : [`p99 is ${p99CpuMs} ms, more than ${MAX_P99_CPU_MS}.`]),
    ...(rssGrowthMiB < MAX_GROWTH_MIB ? [] : [`The fleet grew by ${rssGrowthMiB} MiB.`]),
  ];
}
