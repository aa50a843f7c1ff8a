import { UnprocessableError } from '../../errors/errors.ts';
import { deathHeader } from '../broker-headers.ts';
import { exchange, exchanges, type Role } from '../topology.ts';
import type { ConsumeOptions, Delivery } from '../transport.ts';

/** The broker's user of the coordinators. A worker's user is its model, a client's its name. */
export const COORDINATOR = 'coordinator';

interface Writers {
  readonly key: RegExp;
  readonly roles: readonly Role[];
}

const words: Readonly<Record<string, string>> = {
  '<model>': '(?<model>[a-z0-9-]+)',
  '<verb>': '[a-z.]+',
};

/** Who writes which routing keys, by exchange. */
const writers = new Map<string, readonly Writers[]>(
  exchanges.map(({ name, routingKeys }) => [
    name,
    routingKeys.map(({ key, writtenBy }) => ({ key: keyPattern(key), roles: writtenBy })),
  ]),
);

function keyPattern(key: string): RegExp {
  const pattern = key
    .replaceAll('.', '\\.')
    .replaceAll(/<[a-z]+>/g, (word) => words[word] ?? '[a-z0-9_-]+');
  return new RegExp(`^${pattern}$`);
}

/**
 * Why a message cannot be from the user it should be from, where each service has a user of its own; undefined: it is. Permissions
 * alone do not hold that: whoever may write to an exchange reaches it with any routing key by way of an exchange of its own.
 */
export function senderFault(delivery: Delivery): UnprocessableError | undefined {
  const { exchange: name, routingKey, userId, headers } = delivery;
  // What the broker parks there keeps the sender it had, and is believed by nobody.
  if (name === exchange.dead) return undefined;
  if (headers[deathHeader.exchange] !== undefined) {
    return refused('It was dead-lettered, and nothing of this exchange is.');
  }
  if (userId === undefined) {
    return refused('It has no user_id: set that property to the name you log in with.');
  }
  for (const { key, roles } of writers.get(name) ?? []) {
    const match = key.exec(routingKey);
    if (match === null) continue;
    if (roles.includes('client')) return undefined;
    if (roles.includes('coordinator') && userId === COORDINATOR) return undefined;
    if (roles.includes('worker') && userId === match.groups?.['model']) return undefined;
  }
  return refused(`${userId} does not publish ${routingKey} to ${name}.`);
}

/** The same options, where what came from a wrong sender is marked as refused before anybody reads it. */
export function checkingSenders(consuming: ConsumeOptions): ConsumeOptions {
  return {
    ...consuming,
    onBatch(deliveries) {
      for (const delivery of deliveries) {
        const fault = senderFault(delivery);
        if (fault !== undefined) delivery.verdict = { refused: fault };
      }
      return consuming.onBatch(deliveries);
    },
  };
}

function refused(why: string): UnprocessableError {
  return new UnprocessableError('sender_refused', why);
}
