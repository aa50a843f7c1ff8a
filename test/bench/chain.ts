import type { Client } from '../../shared/client/client.ts';
import type { RunOne } from './load.ts';

/** One chain of three through a client; the answer is checked, so that a fast wrong answer is no figure. */
export function runChain(client: Client): RunOne {
  return async () => {
    const result = await client.run('chain', { n: 0 });
    if (JSON.stringify(result.payload) !== '{"n":3}') {
      throw new Error(`a wrong result: ${JSON.stringify(result)}`);
    }
  };
}
