import { exchanges } from '../transport/topology.ts';
import type { Party, Spoke } from './spoke.ts';

/** Who may have written a message, and whose key is for it. */
export interface Route {
  readonly writers: readonly Party[];
  /** Null: any client's (jobs, operations), or that of whoever wrote it (dead letters). */
  readonly spoke: Spoke | null;
}

/** What the table says of a routing key; undefined for one that is none of its exchange. */
export function routeOf(exchangeName: string, routingKey: string): Route | undefined {
  const found = exchanges.find(({ name }) => name === exchangeName);
  if (found === undefined) return undefined;
  const words = routingKey.split('.');
  for (const { key, writtenBy } of found.routingKeys) {
    const named = match(key.split('.'), words);
    if (named === undefined) continue;
    const writers = writtenBy.filter((role): role is Party => role !== 'broker');
    return { writers, spoke: spokeIn(named) };
  }
  return undefined;
}

/** The words of a routing key by the names its pattern gives them: `<model>.v<major>`. */
function match(
  pattern: readonly string[],
  words: readonly string[],
): ReadonlyMap<string, string> | undefined {
  const named = new Map<string, string>();
  // A verb is one name of several words.
  if (pattern.length === 1 && pattern[0] === '<verb>') return named;
  if (pattern.length !== words.length) return undefined;
  for (const [index, part] of pattern.entries()) {
    const word = words[index] as string;
    const [, before = '', name] = /^([a-z]*)<([a-z]+)>$/.exec(part) ?? [];
    if (name === undefined ? word !== part : !word.startsWith(before)) return undefined;
    if (name !== undefined) named.set(name, word.slice(before.length));
  }
  return named;
}

function spokeIn(named: ReadonlyMap<string, string>): Spoke | null {
  const [model, client] = [named.get('model'), named.get('client')];
  if (model !== undefined) return `worker.${model}`;
  return client === undefined ? null : `client.${client}`;
}
