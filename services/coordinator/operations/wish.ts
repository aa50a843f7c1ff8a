import type { ActingContext } from './operation.ts';

/** Names a wish of a client's: the same operation again is the same wish. */
export function serialOf({ client, id }: Pick<ActingContext, 'client' | 'id'>): string {
  return `${client}/${id}`;
}
