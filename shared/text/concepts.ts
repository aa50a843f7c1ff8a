import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Words that mean the same for a task, by the concept's name: `refund: ["refund*", "money back"]`. */
export interface Concepts {
  readonly byPhrase: ReadonlyMap<string, readonly string[]>;
  readonly prefixes: readonly { readonly prefix: string; readonly concept: string }[];
}

const schema = z.record(z.string(), z.array(z.string().min(1)));

/**
 * Reads `{ "concept": ["word", "two words", "prefix*"] }`. Concepts let a classifier trained on few examples
 * recognise a wording that none of them uses.
 */
export function readConcepts(file: URL): Concepts {
  const byPhrase = new Map<string, string[]>();
  const prefixes: { prefix: string; concept: string }[] = [];
  for (const [concept, phrases] of Object.entries(
    schema.parse(JSON.parse(readFileSync(file, 'utf8'))),
  )) {
    for (const phrase of phrases) {
      if (phrase.endsWith('*')) prefixes.push({ prefix: phrase.slice(0, -1), concept });
      else byPhrase.set(phrase, [...(byPhrase.get(phrase) ?? []), concept]);
    }
  }
  return { byPhrase, prefixes };
}

/** The concepts that the words name, singly or in neighbouring pairs. */
export function conceptsOf(
  words: readonly string[],
  { byPhrase, prefixes }: Concepts,
): Set<string> {
  const found = new Set<string>();
  words.forEach((word, at) => {
    for (const concept of byPhrase.get(word) ?? []) found.add(concept);
    for (const concept of byPhrase.get(`${word} ${words[at + 1] ?? ''}`) ?? []) found.add(concept);
    for (const { prefix, concept } of prefixes) if (word.startsWith(prefix)) found.add(concept);
  });
  return found;
}
