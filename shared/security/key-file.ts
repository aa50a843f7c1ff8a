import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Spoke, spokeSchema } from './spoke.ts';

const kidSchema = z.string().regex(/^[a-z][a-z0-9.-]{0,126}[a-z0-9]$/, 'is no key id');
const secretSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43,}$/, 'must be 256 bits or more in base64url');
const pemSchema = (kind: 'PRIVATE' | 'PUBLIC') =>
  z.string().refine((text) => isPem(text, kind), `must be an Ed25519 ${kind} KEY in PEM`);

const keySchema = z.discriminatedUnion('alg', [
  z.strictObject({
    kid: kidSchema,
    alg: z.literal('HS256'),
    secret: secretSchema,
    /** It signs from then on; it opens at once. */
    sealsFrom: z.iso.datetime(),
  }),
  z.strictObject({
    kid: kidSchema,
    alg: z.literal('EdDSA'),
    /** This side's own key. */
    sign: pemSchema('PRIVATE'),
    /** The other side's. */
    verify: pemSchema('PUBLIC'),
    sealsFrom: z.iso.datetime(),
  }),
]);

/** The keys that one spoke and the coordinators share, as one of the two keeps them. All of them open; the newest that may signs. */
export const keyFileSchema = z.strictObject({
  spoke: spokeSchema,
  keys: z.array(keySchema).min(1),
});
export type KeyFile = z.infer<typeof keyFileSchema>;
export type Key = KeyFile['keys'][number];

/** What each side of a new key keeps; with HS256 it is the same. */
export interface NewKey {
  readonly coordinator: Key;
  readonly spoke: Key;
}

export function newKey(spoke: Spoke, alg: Key['alg'], sealsFromMs: number): NewKey {
  const kid = `${spoke}.${randomBytes(4).toString('hex')}`;
  const sealsFrom = new Date(sealsFromMs).toISOString();
  if (alg === 'HS256') {
    const key = { kid, alg, secret: randomBytes(32).toString('base64url'), sealsFrom };
    return { coordinator: key, spoke: key };
  }
  const [hub, own] = [newPair(), newPair()];
  return {
    coordinator: { kid, alg, sign: hub.privateKey, verify: own.publicKey, sealsFrom },
    spoke: { kid, alg, sign: own.privateKey, verify: hub.publicKey, sealsFrom },
  };
}

function newPair(): { readonly privateKey: string; readonly publicKey: string } {
  return generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}

function isPem(text: string, kind: 'PRIVATE' | 'PUBLIC'): boolean {
  if (!text.startsWith(`-----BEGIN ${kind} KEY-----`)) return false;
  try {
    const key = kind === 'PRIVATE' ? createPrivateKey(text) : createPublicKey(text);
    return key.asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}
