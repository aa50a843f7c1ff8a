import type { JsonObject } from '../../shared/envelope/json.ts';

export const scenarioNames = ['chain', 'fan-out', 'map', 'alone'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

/** What is measured: the same work for every system, with one right answer. */
export interface Scenario {
  readonly name: ScenarioName;
  /** One line for people. */
  readonly title: string;
  readonly flow: string;
  /** Models of the flow. Each adds one to `n`. */
  readonly models: readonly string[];
  readonly payload: JsonObject;
  /** The right result, as JSON text. A fast wrong answer is no figure. */
  readonly answer: string;
  /**
   * What the reference does for a job: in each round requests to these models at once, of which each takes the job's number,
   * its own element of the job's numbers, or what the round before gave.
   */
  readonly rounds: readonly (readonly string[])[];
  readonly inFlight: number;
  /** Measured jobs for each that `--jobs` asks for. */
  readonly share: number;
  readonly warmUpJobs: number;
  /** Jobs that are then run one at a time, for the latency alone. */
  readonly aloneJobs: number;
}

const ELEMENTS = 1_000;
const three = ['bench-first', 'bench-second', 'bench-third'];
const four = [...three, 'bench-fourth'];
const elements = Array.from({ length: ELEMENTS }, (_, n) => n);

const chain: Scenario = {
  name: 'chain',
  title: 'chain of 3 (8 messages), 200 in flight',
  flow: 'chain',
  models: three,
  payload: { n: 0 },
  answer: '{"n":3}',
  rounds: three.map((model) => [model]),
  inFlight: 200,
  share: 1,
  warmUpJobs: 20_000,
  aloneJobs: 100,
};

export const scenarios: { readonly [name in ScenarioName]: Scenario } = {
  chain,
  'fan-out': {
    name: 'fan-out',
    title: 'fan-out to 4 and join (10 messages), 200 in flight',
    flow: 'fan-out',
    models: four,
    payload: { n: 0 },
    answer: '{"numbers":[1,1,1,1]}',
    rounds: [four],
    inFlight: 200,
    share: 1,
    warmUpJobs: 20_000,
    aloneJobs: 100,
  },
  map: {
    name: 'map',
    title: 'map of 1,000 elements (2,002 messages), 4 in flight',
    flow: 'map',
    models: ['bench-first'],
    payload: { numbers: elements },
    answer: JSON.stringify({ numbers: elements.map((n) => n + 1) }),
    rounds: [elements.map(() => 'bench-first')],
    inFlight: 4,
    share: 0.01,
    warmUpJobs: 4,
    aloneJobs: 3,
  },
  alone: {
    ...chain,
    name: 'alone',
    title: 'chain of 3 (8 messages), one at a time',
    inFlight: 1,
    share: 0.15,
    warmUpJobs: 50,
    aloneJobs: 0,
  },
};

/** Throws unless it is the right result of the scenario. */
export function checkAnswer(scenario: Scenario, payload: unknown): void {
  const text = JSON.stringify(payload);
  if (text !== scenario.answer) throw new Error(`${scenario.name}: a wrong result, ${text}`);
}
