import type { ModelName } from '../models/arithmetic.ts';
import type { StoreKind } from './options.ts';

/** A place in the fleet that is always filled: whoever dies in it is replaced at once. */
export type Slot =
  | { readonly role: 'coordinator'; readonly name: string }
  | { readonly role: 'worker'; readonly name: string; readonly models: readonly ModelName[] };

/** The submitter has a way through the network of its own, but is never killed: it keeps the ledger. */
export const SUBMITTER = 'submitter';

/** Each model has two processes; a SQLite file has one coordinator, a PostgreSQL database two. */
export function fleetSlots(store: StoreKind): readonly Slot[] {
  const coordinators =
    store === 'postgres' ? ['coordinator-1', 'coordinator-2'] : ['coordinator-1'];
  return [
    ...coordinators.map((name): Slot => ({ role: 'coordinator', name })),
    { role: 'worker', name: 'worker-1', models: ['chaos-a', 'chaos-b'] },
    { role: 'worker', name: 'worker-2', models: ['chaos-c', 'chaos-d'] },
    { role: 'worker', name: 'worker-3', models: ['chaos-a', 'chaos-c'] },
    { role: 'worker', name: 'worker-4', models: ['chaos-b', 'chaos-d'] },
  ];
}
