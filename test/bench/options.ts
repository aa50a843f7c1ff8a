import { parseArgs } from 'node:util';
import { type ScenarioName, scenarioNames } from './scenarios.ts';
import { everySystem, usualSystems } from './systems.ts';

export interface BenchOptions {
  readonly rounds: number;
  readonly jobs: number;
  readonly scenarios: readonly ScenarioName[];
  /** Ids of systems. */
  readonly systems: readonly string[];
  readonly json: boolean;
  readonly help: boolean;
}

export const usage = `npm run bench -- [options]; without any: a chain of three beside the reference
  --scenario LIST   ${scenarioNames.join(', ')} (default: chain)
  --systems LIST    ${everySystem.map(({ id }) => id).join(', ')}
  --rounds N        turns of each system (default: 5)
  --jobs N          jobs of a chain in a turn (default: 2000)
  --all             every scenario and system
  --json            the last line of standard output is one JSON object`;

/** Throws an Error whose message says what is wrong. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string' },
      systems: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      jobs: { type: 'string', default: '2000' },
      all: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { all, json, help } = values;
  const scenarios = all ? scenarioNames.join(',') : 'chain';
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
    json,
    help,
  };
}

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
