import { parseArgs } from 'node:util';
import { type ScenarioName, scenarioNames } from './scenarios.ts';
import { everySystem, usualSystems } from './systems.ts';

export interface BenchOptions {
  readonly rounds: number;
  readonly jobs: number;
  readonly scenarios: readonly ScenarioName[];
  /** Ids of systems. */
  readonly systems: readonly string[];
  readonly peers: boolean;
  /** Numbers of other open runs, ascending; empty: growth is not measured. */
  readonly growth: readonly number[];
  /** Jobs of the backlog; 0: none is measured. */
  readonly queued: number;
  readonly json: boolean;
  readonly writeResults: boolean;
  readonly help: boolean;
}

export const usage = `npm run bench -- [options]; without any: a chain of three beside the reference
  --scenario LIST   ${scenarioNames.join(', ')} (default: chain)
  --systems LIST    ${everySystem.map(({ id }) => id).join(', ')}
  --rounds N        turns of each system (default: 5)
  --jobs N          jobs of a chain in a turn (default: 2000)
  --peers           BullMQ and LangGraph JS too, installed in test/bench/peers
  --growth          what a run costs while ever more other runs are open
  --open LIST       how many others (default: 1000,10000,100000)
  --queued N        memory of the coordinator while it works off N queued jobs
  --all             every scenario and system, --growth, --queued 100000
  --json            the last line of standard output is one JSON object
  --write-results   writes test/bench/RESULTS.md`;

/** Throws an Error whose message says what is wrong. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string' },
      systems: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      jobs: { type: 'string', default: '2000' },
      peers: { type: 'boolean', default: false },
      growth: { type: 'boolean', default: false },
      open: { type: 'string', default: '1000,10000,100000' },
      queued: { type: 'string' },
      all: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      'write-results': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { all, peers, json, help } = values;
  const growth = values.growth || all;
  const queued = values.queued ?? (all ? '100000' : undefined);
  const onlyParts = growth || queued !== undefined;
  const scenarios = all ? scenarioNames.join(',') : onlyParts ? '' : 'chain';
  const systems = all ? everySystem : usualSystems;
  return {
    rounds: count('--rounds', values.rounds),
    jobs: count('--jobs', values.jobs),
    scenarios: names('--scenario', values.scenario ?? scenarios, scenarioNames),
    systems: names(
      '--systems',
      values.systems ?? systems.map(({ id }) => id).join(','),
      everySystem.map(({ id }) => id),
    ),
    peers,
    growth: growth
      ? list(values.open)
          .map((size) => count('--open', size))
          .sort(ascending)
      : [],
    queued: queued === undefined ? 0 : count('--queued', queued),
    json,
    writeResults: values['write-results'],
    help,
  };
}

const ascending = (one: number, other: number) => one - other;

function list(text: string): string[] {
  return text.split(',').filter((word) => word !== '');
}

function count(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${option}: ${text} is no number.`);
  return value;
}

function names<Name extends string>(
  option: string,
  text: string,
  known: readonly Name[],
): readonly Name[] {
  const wanted = list(text);
  const unknown = wanted.find((name) => !known.includes(name as Name));
  if (unknown !== undefined) {
    throw new Error(`${option}: there is no ${unknown}; choose from ${known.join(', ')}.`);
  }
  return known.filter((name) => wanted.includes(name));
}
