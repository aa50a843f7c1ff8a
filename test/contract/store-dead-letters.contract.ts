import { describe, expect, it } from 'vitest';
import type { DeadLetterFilter, Store } from '../../services/coordinator/store/store.ts';
import { aRun, changes } from '../support/run-builder.ts';
import { aDeadLetter } from '../support/store-rows.ts';

export function deadLettersContract(current: () => Store): void {
  const list = async (filter: DeadLetterFilter = {}, limit = 10, beforeId?: string) =>
    (await current().listDeadLetters(filter, limit, beforeId)).map(({ id }) => id);

  describe('dead letters', () => {
    it('are saved once, whatever is in them', async () => {
      const body = 'not\0JSON \ud800 hé 🚢';
      const strange = aDeadLetter('strange\0', {
        ...{ kind: 'unprocessable', code: 'body_invalid', body, runId: null, path: null },
        ...{ attempt: null, model: null, input: null },
      });
      await current().saveDeadLetters([strange, strange]);
      await current().saveDeadLetters([{ ...strange, code: 'other' }, aDeadLetter('b')]);
      expect(await current().listDeadLetters({}, 10)).toEqual([aDeadLetter('b'), strange]);
    });

    it('are listed newest first, page by page', async () => {
      const times: [string, number][] = [
        ['c', 3_000],
        ['a', 1_000],
        ['d', 4_000],
        ['b', 2_000],
        ['b2', 2_000],
      ];
      for (const [id, atMs] of times) await current().saveDeadLetters([aDeadLetter(id, { atMs })]);
      expect(await list({}, 3)).toEqual(['d', 'c', 'b2']);
      expect(await list({}, 3, 'b2')).toEqual(['b', 'a']);
      expect(await list({}, 3, 'a')).toEqual([]);
      expect(await list({}, 3, 'nobody')).toEqual([]);
    });

    it('are narrowed by status, kind, code and model together', async () => {
      await current().saveDeadLetters([
        aDeadLetter('a', { atMs: 1 }),
        aDeadLetter('b', { atMs: 2, status: 'dropped' }),
        aDeadLetter('c', { atMs: 3, model: 'other' }),
        aDeadLetter('d', { atMs: 4, code: 'input_invalid' }),
        aDeadLetter('e', { atMs: 5, kind: 'unprocessable', model: null }),
      ]);
      expect(await list({ status: 'open' })).toEqual(['e', 'd', 'c', 'a']);
      expect(await list({ kind: 'failed', model: 'echo' })).toEqual(['d', 'b', 'a']);
      expect(await list({ status: 'open', model: 'echo' }, 10, 'd')).toEqual(['a']);
      const all = { status: 'open', kind: 'failed', code: 'input_invalid', model: 'echo' } as const;
      expect(await list(all)).toEqual(['d']);
    });

    it('are counted by kind, code and model, the most first', async () => {
      await current().saveDeadLetters([
        aDeadLetter('a'),
        aDeadLetter('b'),
        aDeadLetter('c', { model: 'other' }),
        aDeadLetter('d', { kind: 'unprocessable', code: 'body_invalid', model: null }),
        aDeadLetter('e', { kind: 'unprocessable', code: 'body_invalid', model: null }),
        aDeadLetter('f', { kind: 'unprocessable', code: 'body_invalid', model: null }),
        aDeadLetter('g', { status: 'replayed' }),
      ]);
      const { kind, code } = aDeadLetter('');
      expect(await current().groupDeadLetters({ status: 'open' })).toEqual([
        { kind: 'unprocessable', code: 'body_invalid', model: null, count: 3 },
        { kind, code, model: 'echo', count: 2 },
        { kind, code, model: 'other', count: 1 },
      ]);
      expect(await current().groupDeadLetters({ model: 'echo' })).toEqual([
        { kind, code, model: 'echo', count: 3 },
      ]);
    });

    it('of one tenant are those of its runs, and those of none', async () => {
      const [own, foreign] = [aRun('own'), aRun('foreign', { tenant: 'other' })];
      const written = changes({ runs: [own, foreign] });
      await current().transaction((transaction) => transaction.write(written));
      const body = 'tells "runId":"x" \0\ud800';
      const letters: [string, string | null][] = [
        ['a', own.id],
        ['b', foreign.id],
        ['c', null],
        ['d', foreign.id],
        ['e', aRun('unknown').id],
        ['f', own.id],
      ];
      for (const [id, runId] of letters) {
        const input = { runId: 'y' };
        await current().saveDeadLetters([aDeadLetter(id, { runId, body, input })]);
      }
      const tenant = 'default';
      const first = await list({ tenant }, 3);
      expect(first).toEqual(['f', 'e', 'c']);
      expect(await list({ tenant }, 3, first.at(-1))).toEqual(['a']);
      expect(await list({ tenant: 'other', status: 'open' })).toEqual(['e', 'd', 'c', 'b']);
      const { kind, code, model } = aDeadLetter('');
      expect(await current().groupDeadLetters({ tenant, model: 'echo' })).toEqual([
        { kind, code, model, count: 4 },
      ]);
    });

    it('change their input, status and trace, and nothing else', async () => {
      await current().saveDeadLetters([aDeadLetter('a')]);
      const changed = await current().changeDeadLetter('a', (row) => ({
        ...row,
        code: 'forged',
        input: { text: 'better' },
        status: 'replayed',
        trace: [...row.trace, { by: 'ana' }],
      }));
      const input = { text: 'better' };
      const trace = [{ by: 'ana' }];
      expect(changed).toEqual(aDeadLetter('a', { input, status: 'replayed', trace }));
      expect(await current().listDeadLetters({ status: 'replayed' }, 1)).toEqual([changed]);
      expect(await list({ status: 'open' })).toEqual([]);
    });

    it('lose no change when several are made at once', async () => {
      await current().saveDeadLetters([aDeadLetter('a')]);
      const change = (by: number) =>
        current().changeDeadLetter('a', (row) => ({ ...row, trace: [...row.trace, { by }] }));
      await Promise.all([change(1), change(2), change(3)]);
      const [row] = await current().listDeadLetters({}, 1);
      expect(row?.trace).toHaveLength(3);
    });

    it('stay as they were when a change throws; what is not there is not changed', async () => {
      await current().saveDeadLetters([aDeadLetter('a')]);
      const refused = current().changeDeadLetter('a', () => {
        throw new Error('no');
      });
      await expect(refused).rejects.toThrow('no');
      expect(await current().listDeadLetters({}, 1)).toEqual([aDeadLetter('a')]);
      expect(await current().changeDeadLetter('b', (row) => row)).toBeUndefined();
    });
  });
}
