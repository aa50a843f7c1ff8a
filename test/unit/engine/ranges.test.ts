import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  gapsOf,
  indicesOf,
  type Ranges,
  sizeOf,
  withIndex,
} from '../../../services/coordinator/engine/ranges.ts';

describe('a set of indices as ranges', () => {
  it.each<[Ranges, number, Ranges]>([
    [[], 3, [[3, 3]]],
    [[[3, 3]], 3, [[3, 3]]],
    [[[3, 3]], 4, [[3, 4]]],
    [[[3, 3]], 2, [[2, 3]]],
    [
      [[3, 3]],
      1,
      [
        [1, 1],
        [3, 3],
      ],
    ],
    [
      [
        [0, 2],
        [4, 6],
      ],
      3,
      [[0, 6]],
    ],
    [
      [
        [0, 2],
        [6, 7],
      ],
      4,
      [
        [0, 2],
        [4, 4],
        [6, 7],
      ],
    ],
  ])('%j with %i in it is %j', (ranges, index, expected) => {
    expect(withIndex(ranges, index)).toEqual(expected);
  });

  it('behaves as a set, and stays sorted and disjoint', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40)), (indices) => {
        const ranges = indices.reduce<Ranges>(withIndex, []);
        const expected = [...new Set(indices)].sort((a, b) => a - b);
        expect(indicesOf(ranges)).toEqual(expected);
        expect(sizeOf(ranges)).toBe(expected.length);
        const everything = [...indicesOf(ranges), ...gapsOf(ranges, 41)].sort((a, b) => a - b);
        expect(everything).toEqual(Array.from({ length: 41 }, (_, index) => index));
        for (const [position, [first]] of ranges.entries()) {
          expect(first).toBeGreaterThan((ranges[position - 1]?.[1] ?? -2) + 1);
        }
      }),
    );
  });
});
