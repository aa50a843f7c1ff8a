/** A set of whole numbers as sorted, disjoint, inclusive ranges: one pair when a map of any size is done. */
export type Ranges = readonly (readonly [number, number])[];

/** The set with `index` in it; the same set when it was in it already. */
export function withIndex(ranges: Ranges, index: number): Ranges {
  const position = ranges.findIndex(([, last]) => last >= index - 1);
  if (position === -1) return [...ranges, [index, index]];
  const [first, last] = ranges[position] as readonly [number, number];
  if (index >= first && index <= last) return ranges;
  const before = ranges.slice(0, position);
  if (index < first - 1) return [...before, [index, index], ...ranges.slice(position)];
  if (index < first) return [...before, [index, last], ...ranges.slice(position + 1)];
  const following = ranges[position + 1];
  if (following !== undefined && following[0] === index + 1) {
    return [...before, [first, following[1]], ...ranges.slice(position + 2)];
  }
  return [...before, [first, index], ...ranges.slice(position + 1)];
}

/** How many numbers are in the set. */
export function sizeOf(ranges: Ranges): number {
  return ranges.reduce((size, [first, last]) => size + last - first + 1, 0);
}

/** The numbers of the set, ascending. */
export function indicesOf(ranges: Ranges): readonly number[] {
  const indices: number[] = [];
  for (const [first, last] of ranges) {
    for (let index = first; index <= last; index += 1) indices.push(index);
  }
  return indices;
}

/** The numbers from 0 up to `total` (exclusive) that are not in the set, ascending. */
export function gapsOf(ranges: Ranges, total: number): readonly number[] {
  const gaps: number[] = [];
  let next = 0;
  for (const [first, last] of ranges) {
    for (; next < first; next += 1) gaps.push(next);
    next = last + 1;
  }
  for (; next < total; next += 1) gaps.push(next);
  return gaps;
}
