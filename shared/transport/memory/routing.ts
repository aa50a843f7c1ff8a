/** True when a topic binding's pattern takes a routing key: `*` is one word, `#` any number of words. */
export function topicMatches(pattern: string, routingKey: string): boolean {
  return matches(pattern.split('.'), 0, routingKey === '' ? [] : routingKey.split('.'), 0);
}

function matches(
  pattern: readonly string[],
  at: number,
  words: readonly string[],
  word: number,
): boolean {
  for (let index = at; index < pattern.length; index += 1, word += 1) {
    const expected = pattern[index];
    if (expected === '#') {
      for (let rest = word; rest <= words.length; rest += 1) {
        if (matches(pattern, index + 1, words, rest)) return true;
      }
      return false;
    }
    if (word === words.length || (expected !== '*' && expected !== words[word])) return false;
  }
  return word === words.length;
}

/** A topic exchange: which queues take a routing key. Answers are remembered until a binding changes. */
export class TopicExchange<Queue> {
  #bindings: { readonly pattern: string; readonly queue: Queue }[] = [];
  #remembered = new Map<string, readonly Queue[]>();

  /** Idempotent. */
  bind(queue: Queue, pattern: string): void {
    if (this.#bindings.some((known) => known.queue === queue && known.pattern === pattern)) return;
    this.#bindings.push({ pattern, queue });
    this.#remembered.clear();
  }

  /** Removes every binding of a queue. */
  unbind(queue: Queue): void {
    this.#bindings = this.#bindings.filter((binding) => binding.queue !== queue);
    this.#remembered.clear();
  }

  /** Each queue once, however many of its bindings match. */
  route(routingKey: string): readonly Queue[] {
    const known = this.#remembered.get(routingKey);
    if (known) return known;
    const queues = new Set<Queue>();
    for (const { pattern, queue } of this.#bindings) {
      if (topicMatches(pattern, routingKey)) queues.add(queue);
    }
    const found = [...queues];
    // Routing keys hold client names: without a bound, a flood of names would fill the memory.
    if (this.#remembered.size >= 10_000) this.#remembered.clear();
    this.#remembered.set(routingKey, found);
    return found;
  }
}
