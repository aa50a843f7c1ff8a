import { z } from 'zod';
import { nameSchema } from '../envelope/envelope.ts';

/** Who signs: the coordinators together are one party. */
export type Party = 'client' | 'coordinator' | 'worker';

/** A process, as the others know it. All workers of a model are one, and so are all coordinators. */
export interface Identity {
  readonly party: Party;
  /** Of a worker its model; of the coordinators `coordinator`. */
  readonly name: string;
}

/**
 * Whose key it is: each client and each model shares keys with the coordinators alone. `coordinator.coordinator` is what
 * coordinators send each other.
 */
export type Spoke = `${Party}.${string}`;

export const coordinatorSpoke: Spoke = 'coordinator.coordinator';

export function spokeOf({ party, name }: Identity): Spoke {
  return `${party}.${name}`;
}

export function identityOf(spoke: Spoke): Identity {
  const dot = spoke.indexOf('.');
  return { party: spoke.slice(0, dot) as Party, name: spoke.slice(dot + 1) };
}

export const spokeSchema = z.custom<Spoke>((value) => {
  if (typeof value !== 'string') return false;
  const [party = '', name, ...more] = value.split('.');
  return (
    ['client', 'coordinator', 'worker'].includes(party) &&
    more.length === 0 &&
    nameSchema.safeParse(name).success
  );
}, 'must be client.<name>, worker.<model> or coordinator.coordinator');
