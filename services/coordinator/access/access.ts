import { isApiKey, parseApiKey } from '../../../shared/client/api-key.ts';
import { nameSchema } from '../../../shared/envelope/envelope.ts';
import { header } from '../../../shared/envelope/headers.ts';
import { priorityNumber } from '../../../shared/envelope/priority.ts';
import { ContractError, UnprocessableError } from '../../../shared/errors/errors.ts';
import type { Delivery } from '../../../shared/transport/transport.ts';
import { refilled, type TokenBucket, taken, waitMs } from '../limits/token-bucket.ts';
import type { Tenants } from '../tenants.ts';
import { type ClientsFile, clientsOf, type GrantWords } from './clients-file.ts';
import type { Grant } from './grant.ts';

/** Whoever sent a job or an operation, as it was proven, and what it may do. */
export interface Caller {
  readonly client: string;
  readonly tenant: string;
  readonly grant: Grant;
}

export interface AccessOptions {
  readonly clients?: ClientsFile;
  readonly tenants: Tenants;
  readonly now: () => number;
  /** Coordinators that live, this one too: each lets its part of a rate through. */
  readonly coordinators?: () => number;
}

interface KeptKey {
  readonly client: string;
  readonly sha256: string;
  readonly expiresMs: number | null;
}

/**
 * Who may do what. Its rules:
 * 1. A client is whom its token names, else its API key; without either, whom the broker attests; else `anonymous`.
 * 2. A key that is not known, or whose time is over, is nobody's: what it came with is parked and answered to nobody.
 * 3. The tenant is the client's, never what a message says of itself.
 */
export class Access {
  readonly #options: AccessOptions;
  readonly #grants = new Map<string, Grant>();
  readonly #others: Grant;
  readonly #keys = new Map<string, KeptKey>();
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(options: AccessOptions) {
    const { others, clients } = options.clients ?? clientsOf({});
    this.#options = options;
    this.#others = grantOf(others);
    for (const [client, { keys, ...words }] of Object.entries(clients)) {
      this.#grants.set(client, grantOf(words));
      for (const { id, sha256, expires } of keys) {
        const expiresMs = expires === undefined ? null : Date.parse(expires);
        this.#keys.set(`${client}\n${id}`, { client, sha256, expiresMs });
      }
    }
  }

  /** Throws UnprocessableError `api_key_invalid`, `api_key_unknown` or `api_key_expired`. */
  callerOf(delivery: Pick<Delivery, 'headers' | 'userId' | 'verdict'>): Caller {
    const client = this.#clientOf(delivery);
    const tenant = this.#options.tenants.tenantOf(client);
    return { client, tenant, grant: this.#grants.get(client) ?? this.#others };
  }

  /** Counts one job or operation of the client. Throws ContractError `rate_limited` when it has used up its rate. */
  count({ client, grant }: Caller): void {
    const { now, coordinators = () => 1 } = this.#options;
    if (grant.perMinute === null) return;
    const nowMs = now();
    const perMinute = grant.perMinute / Math.max(1, coordinators());
    const bucket = refilled(this.#buckets.get(client), perMinute, nowMs);
    const left = waitMs(bucket, perMinute, 1);
    this.#buckets.set(client, left > 0 ? bucket : taken(bucket, 1));
    if (left === 0) return;
    throw new ContractError(
      'rate_limited',
      `The client ${client} may send ${grant.perMinute} jobs and operations a minute; try again in ${Math.ceil(left / 1_000)} s.`,
    );
  }

  #clientOf(delivery: Pick<Delivery, 'headers' | 'userId' | 'verdict'>): string {
    const { headers, verdict } = delivery;
    if (verdict !== undefined && 'writer' in verdict) return verdict.writer;
    const key = headers[header.apiKey];
    return key === undefined ? attestedClient(delivery) : this.#clientOfKey(key);
  }

  #clientOfKey(text: unknown): string {
    const key = typeof text === 'string' ? parseApiKey(text) : undefined;
    if (key === undefined) {
      throw new UnprocessableError('api_key_invalid', 'The API key is no key of this fleet.');
    }
    const kept = this.#keys.get(`${key.client}\n${key.id}`);
    if (kept === undefined || !isApiKey(key, kept.sha256)) {
      throw new UnprocessableError('api_key_unknown', `No API key ${key.id} is known here.`);
    }
    if (kept.expiresMs !== null && kept.expiresMs <= this.#options.now()) {
      throw new UnprocessableError('api_key_expired', `The API key ${key.id} has expired.`);
    }
    return kept.client;
  }
}

/** The client as the broker attests it; `anonymous` where it attests nobody. */
function attestedClient({ userId }: Pick<Delivery, 'userId'>): string {
  return userId !== undefined && nameSchema.safeParse(userId).success ? userId : 'anonymous';
}

function grantOf({ may, flows, priority, perMinute }: GrantWords): Grant {
  return {
    may: new Set(may),
    flows: flows === undefined ? null : new Set(flows),
    maxPriority: priorityNumber(priority),
    perMinute: perMinute ?? null,
  };
}
