import { describe, expect, it } from 'vitest';
import type { Store } from '../../services/coordinator/store/store.ts';

export function documentsContract(current: () => Store): void {
  describe('shared documents', () => {
    it('are made by the first change, and seen by the next', async () => {
      const change = (key: string) =>
        current().changeDocument(key, (document) => ({
          times: Number(document?.['times'] ?? 0) + 1,
        }));
      expect(await change('breaker/echo')).toEqual({ times: 1 });
      expect(await change('breaker/echo')).toEqual({ times: 2 });
      expect(await change('breaker/other')).toEqual({ times: 1 });
    });

    it('lose no change when many are made at once', async () => {
      const change = () =>
        current().changeDocument('a', (document) => ({
          times: Number(document?.['times'] ?? 0) + 1,
        }));
      await Promise.all(Array.from({ length: 8 }, change));
      expect(await current().readDocuments('a')).toEqual(new Map([['a', { times: 8 }]]));
    });

    it('stay as they were when a change throws', async () => {
      await current().changeDocument('a', () => ({ times: 1 }));
      const refused = current().changeDocument('a', () => {
        throw new Error('no');
      });
      await expect(refused).rejects.toThrow('no');
      expect((await current().readDocuments('a')).get('a')).toEqual({ times: 1 });
    });

    it('are read by the beginning of their keys, in order', async () => {
      for (const key of ['pause/b', 'pause/a', 'pause', 'pausf', 'pausd', 'pause/é']) {
        await current().changeDocument(key, () => ({ key }));
      }
      const keys = async (prefix: string) => [...(await current().readDocuments(prefix)).keys()];
      expect(await keys('pause/')).toEqual(['pause/a', 'pause/b', 'pause/é']);
      expect(await keys('')).toHaveLength(6);
      expect(await keys('nothing')).toEqual([]);
    });
  });
}
