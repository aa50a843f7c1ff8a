import { isDeepStrictEqual } from 'node:util';
import { decide } from '../../services/coordinator/engine/decide.ts';
import type { Decide } from '../../services/coordinator/engine/decision.ts';
import { deepFreeze } from './deep-freeze.ts';

/**
 * `decide`, watched: what it is given is frozen and went through JSON, it is asked twice and must say the same twice,
 * and what it says must hold for every decision.
 */
export const checkedDecide: Decide = (given, event, facts) => {
  const run = deepFreeze(JSON.parse(JSON.stringify(given)) as typeof given);
  deepFreeze(event);
  for (const value of facts.values.values()) deepFreeze(value);
  const valuesBefore = new Map(facts.values);
  const decision = decide(run, event, facts);
  const again = decide(run, event, facts);
  expectThat(isDeepStrictEqual(decision, again), 'the same question got two answers');
  expectThat(isDeepStrictEqual(valuesBefore, facts.values), 'the values it was given have changed');
  if (decision.type === 'needsValues') {
    const { keys, answers } = decision;
    const news =
      keys.every((key) => !facts.values.has(key)) &&
      answers.every((key) => facts.answers?.has(key) !== true);
    expectThat(keys.length + answers.length > 0 && news, 'it asks for nothing, or for what it has');
    return decision;
  }
  const after = decision.run;
  const results = decision.commands.filter(({ type }) => type === 'publishResult').length;
  if (run.finishedAtMs !== null) {
    expectThat(after === run && results === 0, 'a finished run has changed');
    return decision;
  }
  const over = after.finishedAtMs !== null;
  expectThat(results === (over ? 1 : 0), 'a result is published when the run ends, and only then');
  expectThat(over === (after.dueMs === null), 'an open run is always due some time');
  expectThat(over === !['pending', 'running'].includes(after.status), 'status and end disagree');
  expectThat(!over || after.state === null, 'a finished run has something open');
  const timer = event.type === 'timerDue' || event.type === 'jobAccepted';
  expectThat(!timer || over || (after.dueMs ?? 0) > facts.nowMs, 'it is due in the past');
  return decision;
};

function expectThat(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(`decide: ${otherwise}.`);
}
