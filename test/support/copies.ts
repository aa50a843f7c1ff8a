import type { Labelled } from './accuracy.ts';

const plain = (text: string) =>
  text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} ]/gu, '')
    .trim();

/** The held-out texts that are in the training data too, whatever their case and punctuation. */
export function copiesOf(training: Labelled, held: Labelled): string[] {
  const known = new Set(Object.values(training).flat().map(plain));
  return Object.values(held)
    .flat()
    .filter((text) => known.has(plain(text)));
}
