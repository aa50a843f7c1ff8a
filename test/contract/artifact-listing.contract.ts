import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../shared/artifacts/artifact-store.ts';
import { type ArtifactScope, prefixOf } from '../../shared/artifacts/keys.ts';
import type { ArtifactReference } from '../../shared/artifacts/reference.ts';

interface Listing {
  store(): ArtifactStore;
  newKey(scope?: ArtifactScope): string;
  put(bytes: Uint8Array, key?: string): Promise<ArtifactReference>;
  /** All that a list tells, page by page. */
  keysBelow(prefix: string): Promise<string[]>;
}

/** What every artifact store must do when it is asked what it holds, and told to let go of it. */
export function artifactListingContract({ store, newKey, put, keysBelow }: Listing): void {
  const scope = { tenant: 'acme', run: randomUUID() };

  describe('a list', () => {
    it('tells keys and sizes in the order of the keys, page by page', async () => {
      const other = { tenant: 'acme-2', run: randomUUID() };
      const keys = [newKey(), newKey(), newKey(), newKey(other), newKey(other)];
      for (const key of keys) await put(Buffer.from('four'), key);
      expect(await keysBelow('')).toEqual(keys.sort());
      const [first] = (await store().list('')).entries;
      expect(first).toEqual({ key: keys[0], bytes: 4 });
    });

    it('holds to its prefix: a tenant, a run, a model', async () => {
      const model = { ...scope, model: 'ocr' };
      const [ofJob, ofModel, elsewhere] = [
        newKey(),
        newKey(model),
        newKey({ tenant: 'acme-2', run: scope.run }),
      ];
      for (const key of [ofJob, ofModel, elsewhere]) await put(Buffer.from('x'), key);
      expect(await keysBelow('acme/')).toEqual([ofJob, ofModel].sort());
      expect(await keysBelow(prefixOf(model))).toEqual([ofModel]);
      expect(await keysBelow(prefixOf({ tenant: 'acme', run: randomUUID() }))).toEqual([]);
    });
  });

  describe('deleting', () => {
    it('takes away what is named and nothing else', async () => {
      const [gone, stays] = [await put(Buffer.from('a')), await put(Buffer.from('b'))];
      await store().delete([gone.key]);
      expect(await keysBelow('')).toEqual([stays.key]);
    });

    it('is no error for what is not there, and none for nothing', async () => {
      await store().delete([newKey()]);
      await store().delete([]);
    });

    it('refuses a key that is not of our making', async () => {
      await expect(store().delete(['../x'])).rejects.toMatchObject({ code: 'bad_artifact_key' });
    });
  });
}
