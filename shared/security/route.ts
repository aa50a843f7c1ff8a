import { exchanges } from '../transport/topology.ts';
import type { Party, Spoke } from './spoke.ts';

/** Who may have written a message, and whose key is for it. */
export interface Route {
  readonly writers: readonly Party[];
  /** Null: any client's (jobs, operations), or that of whoever wrote it (dead letters). */
  readonly spoke: Spoke | null;
}

/** A word of a pattern: itself, or a name after a few letters. */
type Word = { readonly literal: string } | { readonly before: string; readonly name: string };

interface Pattern {
  readonly words: readonly Word[];
  readonly writers: readonly Party[];
}

/** The table, taken apart once: every message is looked up. */
const patterns: ReadonlyMap<string, readonly Pattern[]> = new Map(
  exchanges.map(({ name, routingKeys }) => [
    name,
    routingKeys.map(({ key, writtenBy }) => ({
      words: key.split('.').map(wordOf),
      writers: writtenBy.filter((role): role is Party => role !== 'broker'),
    })),
  ]),
);

/** What the table says of a routing key; undefined for one that is none of its exchange. */
export function routeOf(exchangeName: string, routingKey: string): Route | undefined {
  const words = routingKey.split('.');
  for (const pattern of patterns.get(exchangeName) ?? []) {
    const spoke = match(pattern.words, words);
    if (spoke !== undefined) return { writers: pattern.writers, spoke };
  }
  return undefined;
}

function wordOf(part: string): Word {
  const [, before = '', name] = /^([a-z]*)<([a-z]+)>$/.exec(part) ?? [];
  return name === undefined ? { literal: part } : { before, name };
}

/** Whose key it is, by the model or the client that the words name, null where they name none; undefined: they do not match. */
function match(pattern: readonly Word[], words: readonly string[]): Spoke | null | undefined {
  const [first] = pattern;
  // A verb is one name of several words.
  if (first !== undefined && 'name' in first && first.name === 'verb') return null;
  if (pattern.length !== words.length) return undefined;
  let spoke: Spoke | null = null;
  for (const [index, part] of pattern.entries()) {
    const word = words[index] as string;
    if ('literal' in part ? word !== part.literal : !word.startsWith(part.before)) return undefined;
    if (!('name' in part)) continue;
    if (part.name === 'model') spoke = `worker.${word.slice(part.before.length)}`;
    if (part.name === 'client') spoke = `client.${word.slice(part.before.length)}`;
  }
  return spoke;
}
