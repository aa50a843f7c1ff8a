import { environment } from './environment.ts';
import { growthTable, growthTitle, measureGrowth } from './growth.ts';
import { type Figures, measure } from './measure.ts';
import { type BenchOptions, readOptions, usage } from './options.ts';
import { findPeers } from './peers/peers.ts';
import { Place } from './place.ts';
import { measureQueued, queuedTable, queuedTitle } from './queued.ts';
import { type Results, writeResults } from './results-file.ts';
import { type ScenarioName, scenarios } from './scenarios.ts';
import { everySystem } from './systems.ts';
import { scenarioTables } from './table.ts';

/**
 * `npm run bench`: see README.md. Progress goes to standard error, tables to standard output. With --json the last line is one
 * object: `ratio` is runs per second of the fleet on SQLite over those of the reference, `aloneRatio` its time alone over theirs,
 * both for a chain of three.
 */
const options = optionsOf(process.argv.slice(2));
const command = ['npm run bench --', ...process.argv.slice(2)].join(' ');
const say = (line: string) => void process.stderr.write(`${line}\n`);
const place = new Place(say);
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interrupted = true;
    void place.close().finally(() => process.exit(130));
  });
}

try {
  await run();
  await place.close();
} catch (error) {
  // What an interrupted system says while its place is taken away is no news.
  if (!interrupted) {
    await place.close();
    throw error;
  }
}

async function run(): Promise<void> {
  const { rounds, jobs, growth: sizes, queued: backlog } = options;
  const ours = everySystem.filter(({ id }) => options.systems.includes(id));
  const systems = [...ours, ...(options.peers ? await findPeers(say) : [])];
  const parts: Results['parts'][number][] = [];
  const show = (title: string, text: string) => {
    parts.push({ title, text });
    process.stdout.write(`${title}\n\n${text}\n\n`);
  };
  const measured: { scenario: ScenarioName; figures: Figures[] }[] = [];
  for (const name of options.scenarios) {
    const figures = await measure({ place, say }, scenarios[name], systems, { rounds, jobs });
    measured.push({ scenario: name, figures });
    show(scenarios[name].title, scenarioTables(figures));
  }
  const growth =
    sizes.length > 0 ? await measureGrowth({ place, say }, sizes, { rounds, jobs }) : [];
  if (growth.length > 0) show(growthTitle, growthTable(growth));
  const queued = backlog > 0 ? await measureQueued({ place, say }, backlog) : [];
  if (queued.length > 0) show(queuedTitle, queuedTable(queued));
  if (options.writeResults) {
    writeResults({ options, command, environment: await environment(place, options), parts });
  }
  const ratios = ratiosOf(measured.find(({ scenario }) => scenario === 'chain')?.figures ?? []);
  if (ratios.ratio !== null) {
    process.stdout.write(
      `fleet ÷ reference: ${ratios.ratio} runs/s, ${ratios.aloneRatio} time alone\n`,
    );
  }
  if (options.json) console.log(JSON.stringify({ ...ratios, scenarios: measured, growth, queued }));
}

/** The fleet on SQLite beside the reference; null where one of them was not measured. */
function ratiosOf(figures: readonly Figures[]) {
  const ours = figures.find(({ id }) => id === 'sqlite');
  const theirs = figures.find(({ id }) => id === 'reference');
  const [alone, theirsAlone] = [ours?.aloneP50Ms, theirs?.aloneP50Ms];
  const rounded = (value: number) => Number(value.toFixed(3));
  return {
    ratio: ours?.ratio ? rounded(ours.ratio) : null,
    aloneRatio: alone && theirsAlone ? rounded(alone / theirsAlone) : null,
  };
}

function optionsOf(args: readonly string[]): BenchOptions {
  try {
    const read = readOptions(args);
    if (!read.help) return read;
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${usage}\n`);
    process.exit(2);
  }
}
