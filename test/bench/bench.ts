import { parseArgs } from 'node:util';
import { findBroker } from '../support/broker/find.ts';
import { startFleet } from './fleet/fleet.ts';
import { startInProcess } from './in-process/in-process.ts';
import { type LoadFigures, median, runLoad } from './load.ts';
import { startReference } from './reference/reference.ts';
import type { System } from './system.ts';

/**
 * How fast a chain of three trivial models is, beside a reference that does the same eight messages in bare amqplib:
 * `npm run bench -- [--rounds 5] [--jobs 2000] [--json]`. The systems take turns; medians are printed. The last line with
 * --json is one object that has `ratio`: our runs per second over the reference's, both over RabbitMQ with 200 in flight.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    jobs: { type: 'string', default: '2000' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const jobs = Number(values.jobs);
const IN_FLIGHT = 200;
/** Jobs for the latency of one at a time. */
const SINGLE_JOBS = 100;

interface Contender {
  readonly name: string;
  readonly start: () => Promise<System>;
}

interface Figures {
  readonly name: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** One job at a time. */
  readonly singleP50Ms: number;
}

const say = (line: string) => process.stderr.write(`${line}\n`);

async function measure(contenders: readonly Contender[]): Promise<Figures[]> {
  const many = contenders.map((): LoadFigures[] => []);
  const single = contenders.map((): LoadFigures[] => []);
  for (let round = 1; round <= rounds; round += 1) {
    for (const [index, { name, start }] of contenders.entries()) {
      const system = await start();
      await runLoad(system.runOne, IN_FLIGHT * 2, IN_FLIGHT);
      const loaded = await runLoad(system.runOne, jobs, IN_FLIGHT);
      const alone = await runLoad(system.runOne, SINGLE_JOBS, 1);
      await system.stop();
      many[index]?.push(loaded);
      single[index]?.push(alone);
      say(
        `round ${round}/${rounds}  ${name.padEnd(28)} ${loaded.perSecond.toFixed(0).padStart(6)} runs/s`,
      );
    }
  }
  return contenders.map(({ name }, index) => {
    const of = (
      figures: readonly LoadFigures[] | undefined,
      key: 'perSecond' | 'p50Ms' | 'p99Ms',
    ) => median((figures ?? []).map((one) => one[key]));
    return {
      name,
      perSecond: of(many[index], 'perSecond'),
      p50Ms: of(many[index], 'p50Ms'),
      p99Ms: of(many[index], 'p99Ms'),
      singleP50Ms: of(single[index], 'p50Ms'),
    };
  });
}

function table(figures: readonly Figures[]): string {
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(28) : cell.padStart(12))).join('');
  const rows = figures.map((one) =>
    line([
      one.name,
      one.perSecond.toFixed(0),
      one.p50Ms.toFixed(1),
      one.p99Ms.toFixed(1),
      one.singleP50Ms.toFixed(2),
    ]),
  );
  return [line(['', 'runs/s', 'p50 ms', 'p99 ms', 'alone ms']), ...rows].join('\n');
}

const broker = await findBroker('bench');
const vhost = `flotilla-bench-${process.pid}`;
try {
  const url = await broker.addVhost(vhost);
  say(`broker: ${broker.description}; ${rounds} rounds of ${jobs} jobs, ${IN_FLIGHT} in flight`);
  const [reference, fleet] = (await measure([
    { name: 'reference (bare amqplib)', start: () => startReference(url) },
    { name: 'fleet over RabbitMQ, SQLite', start: () => startFleet(url) },
  ])) as [Figures, Figures];
  const [file, memory] = (await measure([
    { name: 'in one process, SQLite', start: () => startInProcess('file') },
    { name: 'in one process, in memory', start: () => startInProcess('memory') },
  ])) as [Figures, Figures];
  const summary = {
    ratio: Number((fleet.perSecond / reference.perSecond).toFixed(3)),
    aloneRatio: Number((fleet.singleP50Ms / reference.singleP50Ms).toFixed(3)),
    figures: [reference, fleet, file, memory],
  };
  if (values.json) console.log(JSON.stringify(summary));
  else {
    console.log(table(summary.figures));
    console.log(`\nfleet ÷ reference: ${summary.ratio} runs/s, ${summary.aloneRatio} time alone`);
  }
} finally {
  await broker.removeVhost(vhost);
  await broker.stop();
}
