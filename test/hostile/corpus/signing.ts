import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { header } from '../../../shared/envelope/headers.ts';
import { type Claims, claimsOf } from '../../../shared/security/claims.ts';
import type { KeyFile } from '../../../shared/security/key-file.ts';
import { type KeyStore, keyFileName, keysInFolder } from '../../../shared/security/key-store.ts';
import { addKeys, retireKeys, rotateKey } from '../../../shared/security/new-keys.ts';
import { seal } from '../../../shared/security/seal.ts';
import { identityOf, type Spoke } from '../../../shared/security/spoke.ts';
import { silentLogger } from '../../../shared/telemetry/logger.ts';
import type { OutgoingMessage } from '../../../shared/transport/transport.ts';
import type { MessageEntrance } from './case.ts';

/** Whoever signs in a fleet whose messages are signed. */
const spokes: readonly Spoke[] = [
  'coordinator.coordinator',
  ...(
    ['image-describer', 'parrot', 'labeller', 'admin', 'babbler', 'judge', 'critic'] as const
  ).map((name): Spoke => `worker.${name}`),
  'client.shop',
  'client.blog',
];

const writers: Readonly<Record<MessageEntrance, Spoke>> = {
  job: 'client.shop',
  operation: 'client.shop',
  reply: 'worker.parrot',
  progress: 'worker.parrot',
  announcement: 'worker.parrot',
  request: 'coordinator.coordinator',
  control: 'coordinator.coordinator',
  letter: 'worker.parrot',
};

/** Keys of a fleet, and tokens made with them, right ones and others. */
export class Signing {
  readonly folder: string;
  readonly #stores = new Map<Spoke, KeyStore>();
  readonly #retired: Claimer;

  /** Makes the keys, in a new folder inside this one. */
  constructor(folder: string) {
    this.folder = join(folder, 'keys');
    const options = { alg: 'HS256', sealsFromMs: Date.now() - 60_000 } as const;
    addKeys(this.folder, spokes, options);
    // Of the other client, so that the first key of everybody else stays good.
    const before = keysInFolder(this.folder, identityOf('client.blog'), silentLogger);
    const ring = before.ring;
    before.close();
    this.#retired = (message) => seal(message, identityOf('client.blog'), ring, Date.now());
    rotateKey(this.folder, 'client.blog', { ...options, sealsFromMs: Date.now() - 30_000 });
    retireKeys(this.folder, 'client.blog', Date.now());
  }

  /** The message with a right token of whoever writes at the entrance, or of somebody else. */
  sealed(
    message: OutgoingMessage,
    entrance: MessageEntrance,
    by: Spoke = writers[entrance],
  ): OutgoingMessage {
    return seal(message, identityOf(by), this.#store(by).ring, Date.now());
  }

  /** A right token, as text. */
  token(message: OutgoingMessage, entrance: MessageEntrance, by?: Spoke): string {
    return tokenIn(this.sealed(message, entrance, by));
  }

  /** A token of a key that was good once. */
  retired(message: OutgoingMessage): string {
    return tokenIn(this.#retired(message));
  }

  /** A token whose header and claims are changed and whose signature is right, or made with another secret. */
  forged(
    message: OutgoingMessage,
    entrance: MessageEntrance,
    changes: { readonly head?: object; readonly claims?: object; readonly secret?: Buffer },
  ): string {
    const [head = ''] = this.token(message, entrance).split('.');
    const known = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string };
    const claims: Claims = claimsOf(message, writers[entrance], Date.now());
    const text = `${part({ ...known, ...changes.head })}.${part({ ...claims, ...changes.claims })}`;
    const secret = changes.secret ?? this.#secretOf(known.kid);
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  }

  close(): void {
    for (const store of this.#stores.values()) store.close();
  }

  #store(spoke: Spoke): KeyStore {
    const known = this.#stores.get(spoke);
    if (known) return known;
    const store = keysInFolder(this.folder, identityOf(spoke), silentLogger);
    this.#stores.set(spoke, store);
    return store;
  }

  /** A key's id begins with whose it is. */
  #secretOf(kid: string): Buffer {
    const spoke = kid.slice(0, kid.lastIndexOf('.')) as Spoke;
    const file = join(this.folder, keyFileName(spoke, 'coordinator'));
    const { keys }: KeyFile = JSON.parse(readFileSync(file, 'utf8'));
    const key = keys.find((one) => one.kid === kid);
    return Buffer.from(key && 'secret' in key ? key.secret : '', 'base64url');
  }
}

type Claimer = (message: OutgoingMessage) => OutgoingMessage;

function tokenIn({ headers }: OutgoingMessage): string {
  return String(headers?.[header.token]);
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
