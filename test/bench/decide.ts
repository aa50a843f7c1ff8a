import { decide } from '../../services/coordinator/engine/decide.ts';
import type { Facts, RunEvent } from '../../services/coordinator/engine/decision.ts';
import type { Run } from '../../services/coordinator/engine/run.ts';
import type { JsonValue } from '../../shared/envelope/json.ts';
import type { CompiledFlow } from '../../shared/flow/kernel.ts';
import { call, flowOf, map, reading, sequence, valueAt } from '../support/kernel-builders.ts';
import { RunDriver } from '../support/run-driver.ts';

/** Cost of the pure engine alone, in microseconds of processor time per event: `node test/bench/decide.ts`. */

const RUNS = 20_000;
const ELEMENTS = 1_000;

const model = () => ({ versions: [1], concurrency: 10, openRequests: 5 });

function reply(path: string): RunEvent {
  const at = '2026-01-01T00:00:00.000Z';
  const usage = { calls: 1, inputTokens: 1, outputTokens: 1, microUsd: 0, computeMs: 1 };
  return {
    type: 'replyReceived',
    path,
    attempt: 1,
    outcome: { status: 'succeeded', usage, startedAt: at, finishedAt: at, worker: 'bench' },
    output: { text: 'an answer' },
    patch: {},
  };
}

/** One event, with the reads a coordinator would do. */
function tell(
  run: Run,
  event: RunEvent,
  { flow, values, nowMs }: { flow: CompiledFlow; values: Map<string, JsonValue>; nowMs: number },
): Run {
  const read: Map<string, JsonValue> = new Map();
  const facts: Facts = { nowMs, flow, model, values: read };
  for (;;) {
    const decision = decide(run, event, facts);
    if (decision.type === 'decided') {
      for (const [key, value] of decision.values) values.set(key, value);
      return decision.run;
    }
    for (const key of decision.keys) read.set(key, values.get(key) ?? null);
  }
}

/** Median over the batches of the processor time one round takes; the first batch warms up and does not count. */
function medianUs(round: () => void, size: { batches: number; rounds: number }): number {
  const times = Array.from({ length: size.batches + 1 }, () => {
    const began = process.cpuUsage();
    for (let count = 0; count < size.rounds; count += 1) round();
    const { user, system } = process.cpuUsage(began);
    return (user + system) / size.rounds;
  });
  const sorted = times.slice(1).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function chainOfThree(): number {
  const names = ['a', 'b', 'c'];
  const steps = names.map((name, position) => {
    const input = valueAt(names[position - 1] ?? '$payload');
    const nodes = names.slice(0, position).map((each) => ({ name: each, keys: [each] }));
    return call(name, { input, context: { patches: ['$context'], nodes } });
  });
  const flow = flowOf(sequence(...steps), { output: valueAt('c') });
  const { run: first, values, nowMs } = new RunDriver(flow, { model });
  const events: RunEvent[] = [{ type: 'jobAccepted' }, ...names.map(reply)];
  const once = () => {
    const world = { flow, values: new Map(values), nowMs };
    let run = first;
    for (const event of events) run = tell(run, event, world);
    if (run.status !== 'succeeded') throw new Error(`The run ended ${run.status}.`);
  };
  return medianUs(once, { batches: 11, rounds: RUNS / 10 }) / events.length;
}

/** Replies while between 1,000 and 500 branches are active. */
function bigMap(): number {
  const list = reading({}, () => Array.from({ length: ELEMENTS }, (_, n) => ({ n })));
  const body = [call('album/#/caption', { input: valueAt('album/#/$item') })];
  const flow = flowOf(sequence(map('album', list, { output: 'caption', body })));
  const driver = new RunDriver(flow, { model });
  driver.accept();
  const world = { flow, values: driver.values, nowMs: driver.nowMs };
  const events = Array.from({ length: ELEMENTS / 2 }, (_, n) => reply(`album/${n * 2}/caption`));
  const once = () => {
    let run = driver.run;
    for (const event of events) run = tell(run, event, world);
  };
  return medianUs(once, { batches: 11, rounds: 5 }) / events.length;
}

const chain = chainOfThree();
const branches = bigMap();
process.stdout.write(`chain of 3: ${chain.toFixed(1)} µs per event, reads included\n`);
process.stdout.write(
  `map with 1,000 to 500 active branches: ${branches.toFixed(1)} µs per reply\n`,
);
