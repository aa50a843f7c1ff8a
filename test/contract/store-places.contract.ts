import { describe, expect, it } from 'vitest';
import { PLACE_UNUSED_MS, WAITING_SHOWN } from '../../services/coordinator/store/bounds.ts';
import type {
  PlaceChanges,
  PlaceQueue,
  PlaceRow,
  Store,
} from '../../services/coordinator/store/store.ts';
import { changes } from '../support/run-builder.ts';
import { aPlace, placeKey } from '../support/store-rows.ts';

export function placesContract(current: () => Store): void {
  const write = (some: Partial<PlaceChanges>) =>
    current().transaction((transaction) =>
      transaction.write(changes({ places: { freed: [], waiting: [], used: [], ...some } })),
    );
  /** Hands places to whoever `granted` names. */
  const grant = (granted: readonly PlaceRow[], nowMs = 2_000, model = 'echo') =>
    current().grantPlaces(model, nowMs, ({ meter }) => ({ granted, meter }));
  const look = async (model = 'echo'): Promise<PlaceQueue> => {
    const seen: PlaceQueue[] = [];
    await current().grantPlaces(model, 2_000, (queue) => {
      seen.push(queue);
      return { granted: [], meter: queue.meter };
    });
    return seen.at(-1) ?? { waiting: [], taken: -1, meter: {} };
  };

  describe('places in the queue of a model', () => {
    it('are waited for, handed out, used and freed', async () => {
      const [one, two] = [aPlace('run-1'), aPlace('run-2', { sinceMs: 1_001 })];
      await write({ waiting: [two, one] });
      expect(await look()).toEqual({ waiting: [one, two], taken: 0, meter: {} });
      expect(await grant([one])).toEqual([placeKey(one)]);
      expect(await look()).toEqual({ waiting: [two], taken: 1, meter: {} });
      await write({ used: [placeKey(one)] });
      expect(await look()).toMatchObject({ taken: 1 });
      await write({ freed: [placeKey(one), placeKey(two)] });
      expect(await look()).toEqual({ waiting: [], taken: 0, meter: {} });
    });

    it('are shown of each tenant and priority, those that wait longest', async () => {
      const crowd = Array.from({ length: WAITING_SHOWN + 1 }, (_, index) =>
        aPlace(`run-${index}`, { tenant: 'loud', sinceMs: 5_000 - index }),
      );
      const quiet = aPlace('quiet', { tenant: 'quiet', sinceMs: 9_000 });
      const urgent = aPlace('urgent', { tenant: 'loud', priority: 2, sinceMs: 9_000 });
      const elsewhere = aPlace('elsewhere', { model: 'other' });
      await write({ waiting: [...crowd, quiet, urgent, elsewhere] });
      const { waiting } = await look();
      const loud = waiting.filter(({ tenant, priority }) => tenant === 'loud' && priority === 1);
      expect(loud).toEqual(crowd.toReversed().slice(0, WAITING_SHOWN));
      expect(waiting).toContainEqual(quiet);
      expect(waiting).toContainEqual(urgent);
      expect(waiting).toHaveLength(WAITING_SHOWN + 2);
    });

    it('are handed out once, and to nobody who does not wait for this model', async () => {
      const [one, other] = [aPlace('run-1'), aPlace('run-2', { model: 'other' })];
      await write({ waiting: [one, other] });
      expect(await grant([one, other, aPlace('nobody')])).toEqual([placeKey(one)]);
      expect(await grant([one])).toEqual([]);
      expect(await look('other')).toMatchObject({ waiting: [other], taken: 0 });
    });

    it('never exceed a limit, however many hand out at the same time', async () => {
      await write({ waiting: Array.from({ length: 20 }, (_, index) => aPlace(`run-${index}`)) });
      await look();
      // Each would choose other calls.
      const upTo = (limit: number, from: number) =>
        current().grantPlaces('echo', 2_000, ({ waiting, taken }) => ({
          granted: waiting.slice(from, from + Math.max(0, limit - taken)),
          meter: {},
        }));
      const granted = (await Promise.all([upTo(5, 0), upTo(5, 5), upTo(5, 10)])).flat();
      expect(granted).toHaveLength(5);
      expect(await look()).toMatchObject({ taken: 5 });
    });

    it('keep what the last hand-out left behind, of each model', async () => {
      const meter = { tokens: 17.5, at: 1_000 };
      await current().grantPlaces('echo', 2_000, () => ({ granted: [], meter }));
      expect((await look()).meter).toEqual(meter);
      expect((await look('other')).meter).toEqual({});
    });

    it('are told of again when nobody has used them for a while, but not at once again', async () => {
      const [one, two, three] = ['run-1', 'run-2', 'run-3'].map((id) => aPlace(id));
      const all = [one, two, three].filter((row) => row !== undefined);
      await write({ waiting: all });
      await grant(all, 2_000);
      await write({ used: all.slice(1, 2).map(placeKey), freed: all.slice(2).map(placeKey) });
      expect(await grant([], 2_000 + PLACE_UNUSED_MS)).toEqual([]);
      const lateMs = 2_001 + PLACE_UNUSED_MS;
      expect(await grant([], lateMs)).toEqual(all.slice(0, 1).map(placeKey));
      expect(await grant([], lateMs)).toEqual([]);
    });

    it('name the models for which calls wait, or were handed places that nobody used', async () => {
      expect(await current().crowdedModels(9_999)).toEqual([]);
      const [unused, used] = [aPlace('run-1', { model: 'c' }), aPlace('run-2', { model: 'd' })];
      const waiting = ['b', 'a', 'b', 'a'].map((model, at) => aPlace(`w-${at}`, { model }));
      await write({ waiting: [unused, used, ...waiting] });
      await grant([unused], 2_000, 'c');
      await grant([used], 2_000, 'd');
      await write({ used: [placeKey(used)] });
      expect(await current().crowdedModels(2_000)).toEqual(['a', 'b']);
      expect(await current().crowdedModels(2_001)).toEqual(['a', 'b', 'c']);
    });

    it('are waited for anew by a call that comes back', async () => {
      const one = aPlace('run-1');
      await write({ waiting: [one] });
      await grant([one]);
      const again = { ...one, sinceMs: 3_000, tenant: 'other' };
      await write({ freed: [placeKey(one)], waiting: [again] });
      expect(await look()).toMatchObject({ waiting: [again], taken: 0 });
    });

    it('are not used by a call that was not handed one', async () => {
      const one = aPlace('run-1');
      await write({ waiting: [one] });
      await write({ used: [placeKey(one), placeKey(aPlace('nobody'))] });
      expect(await look()).toMatchObject({ waiting: [one], taken: 0 });
    });
  });
}
