import type { Client } from '../../shared/client/client.ts';
import { runLoad } from './load.ts';
import type { Duties } from './process/serve.ts';
import { checkAnswer, scenarios } from './scenarios.ts';

const SUBMITTED_AT_A_TIME = 200;

/** What a client of the fleet does for the benchmark, over any transport. */
export function fleetDuties(client: Client): Pick<Duties, 'load' | 'submit'> {
  return {
    load({ scenario: name, jobs, inFlight }) {
      const scenario = scenarios[name];
      const runOne = async () => {
        const { payload } = await client.run(scenario.flow, scenario.payload);
        checkAnswer(scenario, payload);
      };
      return runLoad(runOne, jobs, inFlight);
    },
    async submit({ flow, payload, jobs }) {
      const submitOne = async () => void (await client.submit(flow, payload));
      await runLoad(submitOne, jobs, SUBMITTED_AT_A_TIME);
    },
  };
}
