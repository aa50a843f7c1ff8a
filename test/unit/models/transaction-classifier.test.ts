import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { model } from '../../../services/transaction-classifier/model.ts';
import { measure } from '../../support/accuracy.ts';
import { copiesOf } from '../../support/copies.ts';
import { readData } from '../../support/data.ts';
import { loadModel } from '../../support/load-model.ts';

const labelled = z.record(z.string(), z.array(z.string()).min(8));
const held = readData('transactions.json', labelled);
const transactions = await loadModel(model);
const receipt = (name: string) =>
  readFileSync(new URL(`../../data/receipts/${name}.txt`, import.meta.url), 'utf8');

describe('the transaction classifier', () => {
  it('was not trained on any of the held-out transactions', () => {
    const training = readData('../../services/transaction-classifier/examples.json', labelled);
    expect(copiesOf(training, held)).toEqual([]);
  });

  it('gives 85 of 100 held-out transactions the right one of at least ten tags', async () => {
    const { accuracy, wrong } = await measure(
      held,
      (text) => transactions.run({ text }),
      ({ tag }) => tag,
    );
    expect(Object.keys(held).length).toBeGreaterThanOrEqual(10);
    expect(accuracy, wrong.join('\n')).toBeGreaterThanOrEqual(0.85);
  });

  it.each([
    ['receipt-groceries', 'groceries', 21.92, 'GREEN VALLEY MARKET'],
    ['receipt-restaurant', 'restaurants', 51.7, 'TRATTORIA DA MARCO'],
    ['receipt-fuel', 'fuel', 69.22, 'NORTH ROAD SERVICE STATION'],
  ])('reads tag, total and merchant of %s', async (name, tag, amount, merchant) => {
    expect(await transactions.run({ text: receipt(name) })).toMatchObject({
      tag,
      amount,
      merchant,
    });
  });

  it.each([
    ['CARREFOUR MARKET 23.40', 23.4],
    ['Gehalt 05/2026 3.100,00', 3100],
    ['wire 1,234,567.89 USD', 1234567.89],
    ['order 4711', undefined],
    ['TOTAL 10.50\nSub total 9.00\nCash 20.00', 10.5],
    ['Subtotal 9.00\nTotal 10.50\nChange 89.50', 10.5],
  ])('finds the amount in %j', async (text, amount) => {
    expect((await transactions.run({ text })).amount).toBe(amount);
  });

  it('has little confidence in a line without a known word', async () => {
    expect((await transactions.run({ text: 'QXV 77' })).confidence).toBeLessThan(0.1);
  });
});
