import { describe } from 'vitest';
import { consumingContract } from './transport-consuming.contract.ts';
import { exclusiveContract } from './transport-exclusive.contract.ts';
import { ContractContext, type TransportHarness } from './transport-harness.ts';
import { publishingContract, type TransportFeatures } from './transport-publishing.contract.ts';

/** What every transport promises, whatever carries the messages. */
export function transportContract(
  name: string,
  start: () => Promise<TransportHarness>,
  features: TransportFeatures,
): void {
  describe(`transport contract: ${name}`, () => {
    const context = new ContractContext(start);
    publishingContract(context, features);
    consumingContract(context);
    exclusiveContract(context);
  });
}
