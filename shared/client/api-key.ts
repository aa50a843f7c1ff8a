import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a client shows to be known by: `flk_<client>_<id>_<secret>`. The id finds the key, the secret proves it. */
export interface ApiKey {
  readonly client: string;
  /** 8 hexadecimal digits. */
  readonly id: string;
  /** 64 hexadecimal digits. */
  readonly secret: string;
}

const SHAPE = /^flk_([a-z][a-z0-9-]{0,63})_([0-9a-f]{8})_([0-9a-f]{64})$/;

/** A key that nobody has seen before. */
export function newApiKey(client: string): ApiKey {
  return {
    client,
    id: randomBytes(4).toString('hex'),
    secret: randomBytes(32).toString('hex'),
  };
}

/** The text that is handed to the client, once. */
export function apiKeyText({ client, id, secret }: ApiKey): string {
  return `flk_${client}_${id}_${secret}`;
}

/** Undefined for what is no key. */
export function parseApiKey(text: string): ApiKey | undefined {
  const [, client, id, secret] = SHAPE.exec(text) ?? [];
  return client === undefined || id === undefined || secret === undefined
    ? undefined
    : { client, id, secret };
}

/**
 * What is kept of a key: 64 hexadecimal digits. One round of SHA-256 is enough, because the secret has 256 random bits and cannot
 * be guessed as a password can.
 */
export function apiKeyHash({ client, id, secret }: ApiKey): string {
  return createHash('sha256').update(`${client}\n${id}\n${secret}`).digest('hex');
}

/** Whether this is the key that the hash was made of; takes the same time whatever differs. */
export function isApiKey(key: ApiKey, hash: string): boolean {
  const [own, kept] = [Buffer.from(apiKeyHash(key), 'hex'), Buffer.from(hash, 'hex')];
  return own.length === kept.length && timingSafeEqual(own, kept);
}
