import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fifo } from '../../../shared/transport/fifo.ts';

test('it behaves like an array in any order of use', () => {
  const step = fc.oneof(
    fc.record({ push: fc.nat({ max: 3_000 }) }),
    fc.record({ shift: fc.nat({ max: 3_000 }) }),
    fc.record({ unshift: fc.array(fc.integer(), { maxLength: 5 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      let next = 0;
      for (const one of steps) {
        if ('push' in one) {
          for (let count = 0; count < one.push; count += 1, next += 1) {
            fifo.push(next);
            model.push(next);
          }
        } else if ('shift' in one) {
          for (let count = 0; count < one.shift; count += 1) {
            expect(fifo.shift()).toBe(model.shift());
          }
        } else {
          fifo.unshift(one.unshift);
          model.unshift(...one.unshift);
        }
        expect(fifo.length).toBe(model.length);
        expect(fifo.peek()).toBe(model[0]);
      }
      expect([...fifo]).toEqual(model);
    }),
    { numRuns: 30 },
  );
});
