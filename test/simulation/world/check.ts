import { canonicalJson } from '../../../shared/envelope/canonical-json.ts';
import type { Result } from '../../../shared/envelope/envelope.ts';
import type { JsonValue } from '../../../shared/envelope/json.ts';
import { checkHistory } from '../../chaos/check/history.ts';
import { modelNames } from '../../chaos/models/arithmetic.ts';
import type { SimulatedBroker } from '../broker/broker.ts';
import type { SimulatedDatabase } from '../store/database.ts';
import type { PlannedJob } from './jobs.ts';
import { standIns } from './models.ts';

const MAX_ATTEMPTS = 15;

export interface Outcome {
  readonly jobs: readonly PlannedJob[];
  readonly results: ReadonlyMap<string, Result>;
  readonly database: SimulatedDatabase;
  readonly broker: SimulatedBroker;
}

/** What was promised, beside what happened; one sentence for each difference. Nothing runs any more. */
export async function check({ jobs, results, database, broker }: Outcome): Promise<string[]> {
  const problems: string[] = [];
  for (const job of jobs) {
    const say = (sentence: string) => problems.push(`${job.id} (${job.run}): ${sentence}`);
    const run = await database.store.findRun(job.run);
    const result = results.get(job.id);
    // A job whose deadline has passed before it was read becomes no run; it is told so.
    if (!run && result && isRefusal(result, job)) continue;
    if (!run) say('I1 lost: no coordinator knows it');
    else if (run.finishedAtMs === null) say(`I1 unresolved: still ${run.status}`);
    if (!result) say('I1 its result never came');
    if (!run || !result) continue;
    const history = await database.store.readHistory(job.run);
    const { assembledTwice, joinedTwice, staleAccepted } = checkHistory(history);
    for (const sentence of assembledTwice) say(`I2 ${sentence}`);
    for (const sentence of joinedTwice) say(`I3 twice: ${sentence}`);
    for (const sentence of staleAccepted) say(`I4 ${sentence}`);
    for (const { type, path, attempt = 0 } of history) {
      if (attempt > MAX_ATTEMPTS) say(`I5 ${type} of ${path}, attempt ${attempt}`);
    }
    const stored = await database.store.readValue(job.run, '$result');
    if (canonicalJson(stored ?? null) !== canonicalJson(result as unknown as JsonValue)) {
      say('I2 the result that came is not the one that is stored');
    }
    if (result.run.status !== run.status) say(`I2 ${result.run.status}, stored as ${run.status}`);
    if (!isRight(result, job)) {
      const { status, error } = result.run;
      const text = `${status} ${error?.code ?? ''} ${error?.message ?? ''} ${JSON.stringify(result.payload)}`;
      say(`wrong: ${text}, must be ${JSON.stringify(job.expected)}`);
    }
  }
  return [...problems, ...unaccounted(broker), ...(await left(database))];
}

function isRefusal({ run: { status, error } }: Result, { deadlineMs }: PlannedJob): boolean {
  return deadlineMs !== undefined && status === 'timed_out' && error?.code === 'deadline_exceeded';
}

function isRight({ run, payload }: Result, { expected, deadlineMs }: PlannedJob): boolean {
  const { status, error } = run;
  // Out of time: the coordinator, the worker, a join or a step that may not wait for its next attempt says so first.
  if (deadlineMs !== undefined && status !== 'succeeded') return true;
  if (status !== expected.status) return false;
  return expected.status === 'failed'
    ? error?.code === expected.code
    : canonicalJson(payload) === canonicalJson(expected.output as JsonValue);
}

/** A dead letter is only a request that was given back too often; its attempt is published again. */
function unaccounted(broker: SimulatedBroker): string[] {
  return broker.durableQueues.flatMap(({ policy, ready }) =>
    ready
      .filter(({ headers }) => headers['x-first-death-reason'] !== 'delivery_limit')
      .filter(({ headers }) => headers['x-first-death-queue'] !== 'operations')
      .map(({ message }) => `I6 left in ${policy.name}: ${message.type} ${message.messageId}`),
  );
}

async function left({ store }: SimulatedDatabase): Promise<string[]> {
  const rows = await store.takeOverdueOutbox(Number.MAX_SAFE_INTEGER, 0, 1_000);
  const places: string[] = [];
  for (const model of [...modelNames, ...standIns.map(({ name }) => name)]) {
    await store.grantPlaces(model, Number.MAX_SAFE_INTEGER, ({ taken, waiting, meter }) => {
      const count = taken + waiting.length;
      if (count > 0) places.push(`I6 left in the line of ${model}: ${count} places`);
      return { granted: [], meter };
    });
  }
  return [...rows.map(({ type, id }) => `I6 left in the outbox: ${type} ${id}`), ...places];
}
