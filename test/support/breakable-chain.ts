import { type MisbehavingModel, misbehaving } from './misbehaving-models.ts';

/** Two models in a chain: `one` costs 0.0012 USD a call, `two` throws while the chain is broken. */
export interface BreakableChain {
  readonly one: MisbehavingModel;
  readonly two: MisbehavingModel;
  broken: boolean;
}

export function breakableChain(): BreakableChain {
  const chain: BreakableChain = {
    one: misbehaving('one', (_nth, call, { text }) => {
      call.usage({ microUsd: 1_200 });
      return { text: `${text}1` };
    }),
    two: misbehaving('two', (_nth, _call, { text }) => {
      if (chain.broken) throw new Error('Out of order.');
      return { text: `${text}2` };
    }),
    broken: true,
  };
  return chain;
}
