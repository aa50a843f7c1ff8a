import { createPublicKey } from 'node:crypto';
import { createSigner, createVerifier } from 'fast-jwt';
import type { Claims } from './claims.ts';
import type { Key, KeyFile } from './key-file.ts';
import type { Spoke } from './spoke.ts';

/** A key, ready for use. */
export interface KeyInUse {
  readonly kid: string;
  readonly alg: Key['alg'];
  readonly spoke: Spoke;
  sign(claims: Claims): string;
  /** The payload of a token with a right signature. Throws for any other. */
  verify(token: string): unknown;
}

/** Keys by exact look-up: a token's header is one of those that the keys here write, or it is of no key of ours. */
export class Keyring {
  readonly #byHeader = new Map<string, KeyInUse>();
  readonly #algs = new Map<string, string>();
  readonly #sealing = new Map<Spoke, { readonly key: KeyInUse; readonly fromMs: number }[]>();

  constructor(files: readonly KeyFile[]) {
    for (const { spoke, keys } of files) {
      for (const key of keys) {
        const use = inUse(key, spoke);
        this.#byHeader.set(headerOf(key), use);
        this.#algs.set(key.kid, key.alg);
        const list = this.#sealing.get(spoke) ?? [];
        list.push({ key: use, fromMs: Date.parse(key.sealsFrom) });
        this.#sealing.set(spoke, list);
      }
    }
    for (const list of this.#sealing.values()) list.sort((one, other) => other.fromMs - one.fromMs);
  }

  /** The key that signs for a spoke now: the newest that may; where none may yet, the oldest. */
  sealing(spoke: Spoke, nowMs: number): KeyInUse | undefined {
    const list = this.#sealing.get(spoke);
    return (list?.find(({ fromMs }) => fromMs <= nowMs) ?? list?.at(-1))?.key;
  }

  /** The key that wrote a token's header, its first part. */
  opening(header: string): KeyInUse | undefined {
    return this.#byHeader.get(header);
  }

  algOf(kid: string): string | undefined {
    return this.#algs.get(kid);
  }

  has(spoke: Spoke): boolean {
    return this.#sealing.has(spoke);
  }
}

/** The first part of every token of a key. */
function headerOf({ alg, kid }: Key): string {
  return Buffer.from(JSON.stringify({ alg, typ: 'JWT', kid })).toString('base64url');
}

function inUse(key: Key, spoke: Spoke): KeyInUse {
  const { kid, alg } = key;
  const { sign: signing, verifying } = materialOf(key);
  const sign = createSigner({ algorithm: alg, key: signing, kid });
  // Times are checked by us, each with its own code.
  const [others, own] = verifying.map((material) =>
    createVerifier({
      algorithms: [alg],
      key: material,
      ignoreExpiration: true,
      ignoreNotBefore: true,
      cache: false,
    }),
  );
  return {
    kid,
    alg,
    spoke,
    sign: (claims) => sign({ ...claims }),
    verify(token) {
      try {
        return others?.(token);
      } catch (error) {
        if (own === undefined) throw error;
        return own(token);
      }
    },
  };
}

/** What signs, and what checks: the other side's signature, then this side's own, which comes back from the dead letters. */
function materialOf(key: Key) {
  if (key.alg === 'HS256') {
    const secret = Buffer.from(key.secret, 'base64url');
    return { sign: secret, verifying: [secret] };
  }
  const own = createPublicKey(key.sign).export({ type: 'spki', format: 'pem' }).toString();
  return { sign: key.sign, verifying: [key.verify, own] };
}
