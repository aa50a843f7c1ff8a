import { expect, test } from 'vitest';
import { Batches } from '../../../shared/transport/amqp/batches.ts';
import { eventually } from '../../support/eventually.ts';

function recorder(serial: boolean, handle: () => Promise<void> | void = () => {}) {
  const seen: (readonly number[])[] = [];
  const errors: Error[] = [];
  const batches = new Batches<number>({
    serial,
    onBatch: (items) => {
      seen.push(items);
      return handle();
    },
    onError: (error) => errors.push(error),
  });
  return { batches, seen, errors };
}

test('what comes in one turn is one batch, and nothing is handed over within that turn', async () => {
  const { batches, seen } = recorder(false);
  batches.add(1);
  batches.add(2);
  expect(seen).toEqual([]);
  await eventually(() => seen.length === 1);
  expect(seen).toEqual([[1, 2]]);
});

test('in series, what comes while a batch runs is the next batch', async () => {
  const gate = Promise.withResolvers<void>();
  const { batches, seen } = recorder(true, () => gate.promise);
  batches.add(1);
  await eventually(() => seen.length === 1);
  batches.add(2);
  await new Promise(setImmediate);
  batches.add(3);
  await new Promise(setImmediate);
  expect(seen).toEqual([[1]]);
  gate.resolve();
  await eventually(() => seen.length === 2);
  expect(seen).toEqual([[1], [2, 3]]);
});

test('what was withdrawn is not handed over', async () => {
  const { batches, seen } = recorder(false);
  batches.add(1);
  expect(batches.withdraw()).toEqual([1]);
  await new Promise(setImmediate);
  expect(seen).toEqual([]);
});

test('a handler that throws is reported, and the next batch comes', async () => {
  let fail = true;
  const { batches, seen, errors } = recorder(true, () => {
    if (fail) throw new Error('once');
  });
  batches.add(1);
  await eventually(() => errors.length === 1);
  fail = false;
  batches.add(2);
  await eventually(() => seen.length === 2);
});
