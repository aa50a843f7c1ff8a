import { header } from '../../shared/envelope/headers.ts';
import { messageIdOf } from '../../shared/envelope/ids.ts';
import { type KeyFile, type NewKey, newKey } from '../../shared/security/key-file.ts';
import { Keyring } from '../../shared/security/keyring.ts';
import { type Identity, identityOf, type Spoke } from '../../shared/security/spoke.ts';
import { exchange, exchanges } from '../../shared/transport/topology.ts';
import type { Delivery, OutgoingMessage } from '../../shared/transport/transport.ts';

export const NOW_MS = Date.parse('2026-06-01T12:00:00Z');
const RUN = '0b9f9d1e-6d1c-5d0e-9a0b-3f1d6f0a5b11';

/** The keys of both sides of each spoke. */
export class TestKeys {
  readonly #keys = new Map<Spoke, NewKey[]>();

  constructor(spokes: readonly Spoke[], alg: 'HS256' | 'EdDSA' = 'HS256') {
    for (const spoke of spokes) {
      const own = spoke.startsWith('coordinator') ? 'HS256' : alg;
      this.#keys.set(spoke, [newKey(spoke, own, NOW_MS - 3_600_000)]);
    }
  }

  add(spoke: Spoke, key: NewKey): void {
    this.#keys.get(spoke)?.push(key);
  }

  retireFirst(spoke: Spoke): void {
    this.#keys.get(spoke)?.shift();
  }

  /** What this process may know: the coordinators all, anybody else its own. */
  files(identity: Identity): KeyFile[] {
    const side = identity.party === 'coordinator' ? 'coordinator' : 'spoke';
    return [...this.#keys]
      .filter(([spoke]) => side === 'coordinator' || spoke === `${identity.party}.${identity.name}`)
      .map(([spoke, keys]) => ({ spoke, keys: keys.map((key) => key[side]) }));
  }

  ring(identity: Identity): Keyring {
    return new Keyring(this.files(identity));
  }
}

export const coordinator = identityOf('coordinator.coordinator');
export const sentiment = identityOf('worker.sentiment');
export const shop = identityOf('client.shop');

/** One message of each pattern of the topology table, with who writes and who reads it. */
export interface Sample {
  readonly name: string;
  readonly writer: Identity;
  readonly reader: Identity;
  readonly message: OutgoingMessage;
}

const types: Readonly<Record<string, string>> = {
  [exchange.jobs]: 'job',
  [exchange.work]: 'request',
  [exchange.replies]: 'reply',
  [exchange.progress]: 'progress',
  [exchange.results]: 'result',
  [exchange.operations]: 'operation',
  [exchange.control]: 'control',
  [exchange.dead]: 'request',
};

const byRole = { client: shop, coordinator, worker: sentiment } as const;

/** Enumerated from the table, so that whatever is added to it is tried too. */
export const samples: readonly Sample[] = exchanges.flatMap((spec) =>
  spec.routingKeys.flatMap(({ key: pattern, writtenBy, boundBy }) =>
    writtenBy
      .filter((role) => role !== 'broker')
      .map((role): Sample => {
        const [reads = spec.name === exchange.work ? 'worker' : 'coordinator'] = boundBy ?? [];
        const routingKey = pattern
          .replace('<model>', 'sentiment')
          .replace('<major>', '1')
          .replace('<client>', 'shop')
          .replace('<flow>', 'review')
          .replace('<status>', 'succeeded')
          .replace('<verb>', 'run.get');
        return {
          name: `${role} → ${spec.name} ${pattern}`,
          writer: byRole[role],
          reader: reads === 'broker' ? coordinator : byRole[reads],
          message: {
            exchange: spec.name,
            routingKey,
            body: Buffer.from(JSON.stringify({ id: 'a', payload: { text: 'hello' } })),
            messageId: messageIdOf(RUN, 's1', 1, pattern),
            type: pattern.includes('progress') ? 'progress' : (types[spec.name] as string),
            correlationId: RUN,
            headers: { [header.schemaVersion]: 1 },
          },
        };
      }),
  ),
);

/** A message as its reader gets it. */
export function delivered(message: OutgoingMessage, changes: Partial<Delivery> = {}): Delivery {
  return {
    exchange: message.exchange,
    routingKey: message.routingKey,
    body: message.body,
    messageId: message.messageId,
    type: message.type,
    correlationId: message.correlationId,
    headers: message.headers ?? {},
    contentType: 'application/json',
    contentEncoding: undefined,
    userId: undefined,
    redelivered: false,
    deliveryCount: 0,
    ...changes,
  };
}
