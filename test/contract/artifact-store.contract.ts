import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../shared/artifacts/artifact-store.ts';
import { type ArtifactScope, mintKey } from '../../shared/artifacts/keys.ts';
import { artifactReferenceSchema } from '../../shared/artifacts/reference.ts';
import { anyBytes } from '../support/any-bytes.ts';
import { sampleBytes } from '../support/data.ts';
import { liveBufferBytes } from '../support/live-memory.ts';
import { artifactListingContract } from './artifact-listing.contract.ts';

export interface ArtifactStoreFixture {
  readonly name: string;
  /** An empty store with pages of two entries. */
  open(options: { readonly maxBytes: number }): Promise<ArtifactStore>;
  /** Puts other bytes in the place of an artifact, as somebody with access to the disk or the bucket could. */
  replace(key: string, bytes: Uint8Array): Promise<void>;
  /** Removes what `open` made. */
  remove(): Promise<void>;
}

const MIB = 1024 * 1024;
const MAX_BYTES = 64 * MIB;
const binary = { mediaType: 'application/octet-stream' };
const png = { mediaType: 'image/png' };
const expiresAtMs = Date.parse('2030-01-02T03:04:05Z');

/** A PNG that says it is 20,000 by 20,000 pixels. */
const hugePng = Buffer.from(sampleBytes('album-moon'));
hugePng.writeUInt32BE(20_000, 16);
hugePng.writeUInt32BE(20_000, 20);

/** What every artifact store must do. Call it once for each implementation. */
export function artifactStoreContract(fixture: ArtifactStoreFixture): void {
  describe(fixture.name, () => {
    let store: ArtifactStore;
    const signal = new AbortController().signal;
    const scope = { tenant: 'acme', run: randomUUID() };
    const newKey = (of: ArtifactScope = scope) => mintKey(of, expiresAtMs);

    beforeEach(async () => {
      store = await fixture.open({ maxBytes: MAX_BYTES });
    });

    afterEach(async () => {
      await store.close();
      await fixture.remove();
    });

    const put = (bytes: Uint8Array, key = newKey()) => store.put(key, bytes, binary, signal);
    const keysBelow = async (prefix: string) => {
      const keys: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.list(prefix, cursor);
        expect(page.entries.length).toBeLessThanOrEqual(2);
        keys.push(...page.entries.map((entry) => entry.key));
        cursor = page.cursor;
      } while (cursor !== undefined);
      return keys;
    };

    describe('what is put', () => {
      it('comes back, under a reference that says what it is', async () => {
        const bytes = anyBytes(100_000);
        const key = newKey();
        const reference = await put(bytes, key);
        expect(artifactReferenceSchema.parse(reference)).toEqual({
          store: store.name,
          key,
          sha256: createHash('sha256').update(bytes).digest('hex'),
          bytes: 100_000,
          mediaType: 'application/octet-stream',
          expires: '2030-01-02T03:04:05.000Z',
        });
        expect(await buffer(await store.open(reference, signal))).toEqual(bytes);
      });

      it('may have no bytes', async () => {
        const reference = await put(new Uint8Array(0));
        expect(reference.bytes).toBe(0);
        expect(await buffer(await store.open(reference, signal))).toHaveLength(0);
      });

      it('may be 50 MB in slices of any size, never all of it in memory', async () => {
        const before = liveBufferBytes();
        let most = 0;
        const look = () => {
          most = Math.max(most, liveBufferBytes() - before);
        };
        const reference = await store.put(newKey(), slices(50 * MIB, look), binary, signal);
        expect(reference.bytes).toBe(50 * MIB);
        const hash = createHash('sha256');
        let sinceLook = 0;
        for await (const piece of await store.open(reference, signal)) {
          hash.update(piece);
          sinceLook += piece.length;
          if (sinceLook > 5 * MIB) {
            sinceLook = 0;
            look();
          }
        }
        expect(hash.digest('hex')).toBe(reference.sha256);
        expect(most).toBeLessThan(40 * MIB);
      }, 60_000);

      it('may be put again under its key, as after a lost answer', async () => {
        const key = newKey();
        const first = await put(Buffer.from('once'), key);
        expect(await put(Buffer.from('once'), key)).toEqual(first);
        expect(await keysBelow('')).toEqual([key]);
      });

      it('is refused above the bound, and leaves nothing', async () => {
        await fixture.remove();
        store = await fixture.open({ maxBytes: 9 * MIB });
        const tooLong = store.put(newKey(), slices(9 * MIB + 1), binary, signal);
        await expect(tooLong).rejects.toMatchObject({ code: 'artifact_too_large' });
        const tighter = store.put(newKey(), anyBytes(11), { ...binary, maxBytes: 10 }, signal);
        await expect(tighter).rejects.toMatchObject({ code: 'artifact_too_large' });
        expect(await keysBelow('')).toEqual([]);
      });

      it('leaves nothing when its source fails, and fails with the error of the source', async () => {
        const failing = Readable.from(
          (async function* fail() {
            yield anyBytes(1_000);
            throw new Error('the client hung up');
          })(),
        );
        await expect(store.put(newKey(), failing, binary, signal)).rejects.toThrow(
          'the client hung up',
        );
        expect(await keysBelow('')).toEqual([]);
      });

      it('leaves nothing when its source never goes on and the caller gives up', async () => {
        const giveUp = new AbortController();
        const stalled = (async function* stall() {
          yield anyBytes(1_000);
          giveUp.abort(new Error('no time left'));
          await new Promise(() => {});
        })();
        const attempt = store.put(newKey(), stalled, binary, giveUp.signal);
        await expect(attempt).rejects.toThrow('no time left');
        expect(await keysBelow('')).toEqual([]);
      });

      it.each(['', '../x', '/etc/passwd', 'acme//x', `acme/${randomUUID()}/%2e%2e`, 'a\0b'])(
        'goes under no key that is not of our making: %j',
        async (key) => {
          await expect(put(Buffer.from('x'), key)).rejects.toMatchObject({
            code: 'bad_artifact_key',
          });
        },
      );

      it('is an image without what it says beside its pixels', async () => {
        const image = sampleBytes('album-moon');
        const said = Buffer.concat([image, Buffer.from('PK\x03\x04 and more')]);
        const reference = await store.put(newKey(), said, png, signal);
        expect(reference.bytes).toBe(image.length);
        expect(await buffer(await store.open(reference, signal))).toEqual(image);
      });

      it('is an image of a known size when it says so, in pieces of any size', async () => {
        const image = sampleBytes('album-moon');
        const reference = await store.put(newKey(), singleBytes(image), png, signal);
        expect(await buffer(await store.open(reference, signal))).toEqual(image);
      });

      it.each([
        ['media_mismatch', 'image/png', Buffer.from('<svg onload="x()"/>')],
        ['media_mismatch', 'application/octet-stream', sampleBytes('album-moon')],
        ['media_mismatch', 'text/plain', anyBytes(600)],
        ['archive_refused', 'application/zip', Buffer.from('PK\x03\x04')],
        ['image_invalid', 'image/png', sampleBytes('album-moon').subarray(0, 30)],
        ['image_too_large', 'image/png', hugePng],
      ])(
        'is refused as %s when %s is said of what is something else',
        async (code, mediaType, bytes) => {
          const attempt = store.put(newKey(), bytes, { mediaType }, signal);
          await expect(attempt).rejects.toMatchObject({ code });
          expect(await keysBelow('')).toEqual([]);
        },
      );

      it('needs a media type', async () => {
        const attempt = store.put(newKey(), Buffer.from('x'), { mediaType: 'image' }, signal);
        await expect(attempt).rejects.toMatchObject({ code: 'bad_media_type' });
      });
    });

    describe('what is opened', () => {
      const read = async (reference: Parameters<ArtifactStore['open']>[0]) => {
        const pieces: Uint8Array[] = [];
        try {
          for await (const piece of await store.open(reference, signal)) pieces.push(piece);
          return { bytes: Buffer.concat(pieces), error: undefined };
        } catch (error) {
          return { bytes: Buffer.concat(pieces), error };
        }
      };

      it('is artifact_missing when it was deleted between PUT and GET', async () => {
        const reference = await put(Buffer.from('gone'));
        await store.delete([reference.key]);
        await expect(store.open(reference, signal)).rejects.toMatchObject({
          code: 'artifact_missing',
        });
      });

      it.each([
        ['longer', 300_001],
        ['much longer', 10 * MIB],
        ['shorter', 299_999],
        ['empty', 0],
        ['of the same size', 300_000],
      ])('is artifact_corrupt when other bytes lie there, %s', async (_, bytes) => {
        const reference = await put(anyBytes(300_000));
        await fixture.replace(reference.key, anyBytes(bytes));
        const got = await read(reference);
        expect(got.error).toMatchObject({ code: 'artifact_corrupt' });
        // Never a whole artifact that is wrong.
        expect(got.bytes.length).toBeLessThan(300_000);
      });

      it('is inspected as well, for whoever writes to a store may write references too', async () => {
        const reference = await store.put(newKey(), sampleBytes('album-moon'), png, signal);
        await fixture.replace(reference.key, hugePng);
        const sha256 = createHash('sha256').update(hugePng).digest('hex');
        const forged = { ...reference, sha256, bytes: hugePng.length };
        expect(await read(forged)).toMatchObject({
          bytes: Buffer.alloc(0),
          error: { code: 'image_too_large' },
        });
      });

      it('has to lie in this store', async () => {
        const reference = await put(Buffer.from('x'));
        const elsewhere = store.open({ ...reference, store: 'other' }, signal);
        await expect(elsewhere).rejects.toMatchObject({ code: 'artifact_not_allowed' });
      });

      it('has to have a key of our making', async () => {
        const reference = await put(Buffer.from('x'));
        const outside = store.open({ ...reference, key: '../../etc/passwd' }, signal);
        await expect(outside).rejects.toMatchObject({ code: 'bad_artifact_key' });
      });

      it('ends with the reason of the caller who gives up', async () => {
        const giveUp = new AbortController();
        const reference = await put(anyBytes(10 * MIB));
        const stream = await store.open(reference, giveUp.signal);
        const reading = (async () => {
          for await (const _ of stream) giveUp.abort(new Error('no time left'));
        })();
        await expect(reading).rejects.toThrow('no time left');
      });

      it('may be left unread', async () => {
        const reference = await put(anyBytes(MIB));
        for (let time = 0; time < 20; time++) (await store.open(reference, signal)).destroy();
        expect(await buffer(await store.open(reference, signal))).toHaveLength(MIB);
      });
    });

    artifactListingContract({ store: () => store, newKey, put, keysBelow });
  });
}

/** So many bytes in pieces of 1 byte to 1 MiB; `look` is called some fifty times on the way. */
async function* slices(bytes: number, look = () => {}): AsyncGenerator<Uint8Array> {
  const sizes = [1, 1_000, 65_536, MIB, 7];
  for (let sent = 0, n = 0; sent < bytes; n++) {
    const size = Math.min(sizes[n % sizes.length]!, bytes - sent);
    yield Buffer.alloc(size, n % 251);
    sent += size;
    if (size === MIB) look();
  }
}

async function* singleBytes(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) yield bytes.subarray(at, at + 1);
}
