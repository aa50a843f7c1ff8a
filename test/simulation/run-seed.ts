import { type LoadedFlow, loadFlow } from '../../shared/flow/load.ts';
import { flowDocument } from '../chaos/flows/document.ts';
import { randomFlows } from '../chaos/flows/generate.ts';
import type { FlowShape } from '../chaos/flows/shape.ts';
import { Random } from '../chaos/plan/random.ts';
import type { SimulatedBroker } from './broker/broker.ts';
import type { SimulatedDatabase } from './store/database.ts';
import { check } from './world/check.ts';
import { startFleet } from './world/fleet.ts';
import { planJobs, Submitter } from './world/jobs.ts';
import { planFaults } from './world/nemesis.ts';
import { inPlace, type Place } from './world/place.ts';

/** Faults and new jobs come until then. */
const TROUBLE_MS = 20_000;
/** Everything accepted must have ended this long after; the flows' own deadline is 30 minutes. */
const LIMIT_MS = 40 * 60_000;
/** What is still on its way then must have arrived: a delayed message, a row that the relay takes, a paused process. */
const SETTLE_MS = 120_000;
const LOOK_EVERY_MS = 50;

export interface SeedReport {
  readonly seed: number;
  /** Empty: every promise was kept. */
  readonly violations: readonly string[];
  readonly jobs: number;
  /** How often what went wrong. */
  readonly faults: ReadonlyMap<string, number>;
  /** Of the whole trace. */
  readonly digest: string;
  readonly virtualMs: number;
}

/** Runs one seed from its beginning to its end. `print` is told every line of the trace. */
export function runSeed(seed: number, print?: (line: string) => void): Promise<SeedReport> {
  return inPlace(seed, print, play);
}

async function play(place: Place): Promise<SeedReport> {
  const { world, broker, database } = place;
  const { seed, clock, chance, trace } = world;
  const flows = flowsOf(seed);
  const jobs = planJobs(
    seed,
    flows.map(({ shape }) => shape),
    TROUBLE_MS,
  );
  const submitter = new Submitter(world, jobs);
  const loaded = flows.map(({ flow }) => flow);
  const targets = startFleet(place, loaded, submitter);
  planFaults(world, targets, TROUBLE_MS);
  const { results } = submitter;
  const ended = () => results.size === jobs.length && clock.elapsedMs > TROUBLE_MS;
  await clock.run(ended, LIMIT_MS);
  const left = () => onTheWay(broker, database);
  let nextLookMs = 0;
  const quiet = () => {
    if (clock.elapsedMs < nextLookMs) return false;
    nextLookMs = clock.elapsedMs + LOOK_EVERY_MS;
    return left().length === 0;
  };
  if (!(await clock.run(quiet, clock.elapsedMs + SETTLE_MS))) {
    world.violations.push(`I6 still on its way after two minutes: ${left().join(', ')}`);
  }
  const virtualMs = clock.elapsedMs;
  for (const slot of [...targets.coordinators, ...targets.workers, targets.client]) slot.kill();
  const violations = [...world.violations, ...(await check({ jobs, results, database, broker }))];
  for (const violation of violations) trace.write('check', violation);
  const digest = trace.digest();
  return { seed, violations, jobs: jobs.length, faults: chance.faults, digest, virtualMs };
}

/** What waits, is unsettled, or has to leave. */
function onTheWay(broker: SimulatedBroker, database: SimulatedDatabase): string[] {
  const queues = broker.durableQueues
    .filter(({ policy: { name }, messages }) => messages > 0 && !name.startsWith('dead.'))
    .map(({ policy: { name }, messages }) => `${messages} in ${name}`);
  return [...queues, ...[...database.outbox].map((id) => `${id} in the outbox`)];
}

interface SimulatedFlow {
  readonly shape: FlowShape;
  readonly flow: LoadedFlow;
}

/** Compiling a flow takes longer than running it: neighbouring seeds share theirs. */
const SEEDS_PER_POOL = 50;
let pool: { readonly seed: number; readonly shapes: readonly FlowShape[] } | undefined;
const compiled = new Map<FlowShape, SimulatedFlow>();

function flowsOf(seed: number): readonly SimulatedFlow[] {
  const poolSeed = Math.floor(seed / SEEDS_PER_POOL);
  if (pool?.seed !== poolSeed) {
    pool = { seed: poolSeed, shapes: randomFlows(poolSeed) };
    compiled.clear();
  }
  return new Random(seed, 'flows').shuffle(pool.shapes).slice(0, 2).map(compile);
}

function compile(shape: FlowShape): SimulatedFlow {
  const known = compiled.get(shape);
  if (known) return known;
  const flow = loadFlow(JSON.stringify(flowDocument(shape)), shape.name);
  compiled.set(shape, { shape, flow });
  return { shape, flow };
}
