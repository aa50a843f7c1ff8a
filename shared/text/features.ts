import { type Concepts, conceptsOf } from './concepts.ts';
import { words } from './words.ts';

/** Which kinds of features a text is turned into. `characters` is the length of the letter groups, none when empty. */
export interface FeatureSettings {
  readonly bigrams: boolean;
  readonly characters: readonly number[];
  readonly concepts?: Concepts;
}

/**
 * The distinct features of a text: its words, pairs of neighbours, letter groups inside words (which make "refund"
 * and "refunded" look alike) and the concepts it names, singly and in pairs. Each kind has its own prefix, so they
 * never meet.
 */
export function features(text: string, settings: FeatureSettings): Set<string> {
  const found = new Set<string>();
  // A figure of its own (an amount, a date, an order number) says nothing about the label.
  const list = words(text).filter((word) => !/^\p{N}+$/u.test(word));
  let previous = '^';
  for (const word of list) {
    found.add(`w:${word}`);
    if (settings.bigrams) found.add(`b:${previous} ${word}`);
    const edged = `^${word}$`;
    for (const size of settings.characters) {
      for (let at = 0; at + size <= edged.length; at++)
        found.add(`c:${edged.slice(at, at + size)}`);
    }
    previous = word;
  }
  if (settings.concepts) addConcepts(found, [...conceptsOf(list, settings.concepts)].sort());
  return found;
}

/** Pairs tell "cancel + order" from "cancel + plan". */
function addConcepts(found: Set<string>, concepts: readonly string[]): void {
  concepts.forEach((concept, at) => {
    found.add(`k:${concept}`);
    for (const other of concepts.slice(at + 1)) found.add(`p:${concept} ${other}`);
  });
}
