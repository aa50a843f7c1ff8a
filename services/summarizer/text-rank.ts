import type { Sentence } from '../../shared/summary/source-text.ts';

const DAMPING = 0.85;
const ROUNDS = 30;

/**
 * TextRank: a sentence matters when it shares words with sentences that matter. Returns one weight per sentence,
 * adding up to 1. Time is the square of the number of sentences.
 */
export function rankSentences(sentences: readonly Sentence[]): number[] {
  const links = sentences.map((from, row) =>
    sentences.map((to, column) => (row === column ? 0 : similarity(from, to))),
  );
  const outgoing = links.map(sum);
  let ranks = sentences.map(() => 1 / sentences.length);
  for (let round = 0; round < ROUNDS; round++) {
    const next = sentences.map(() => (1 - DAMPING) / sentences.length);
    // A sentence that shares no word with another gives its weight to all.
    const idle = sum(ranks.filter((_, row) => outgoing[row] === 0)) / sentences.length;
    for (let to = 0; to < sentences.length; to++) {
      let received = idle;
      for (let from = 0; from < sentences.length; from++) {
        if (outgoing[from]! > 0) received += (ranks[from]! * links[from]![to]!) / outgoing[from]!;
      }
      next[to]! += DAMPING * received;
    }
    ranks = next;
  }
  return ranks;
}

/** Shared words over the logarithms of both lengths, as in the TextRank paper (Mihalcea and Tarau, 2004). */
function similarity(a: Sentence, b: Sentence): number {
  let shared = 0;
  for (const stem of a.stems) if (b.stems.has(stem)) shared += 1;
  return shared === 0 ? 0 : shared / (Math.log(1 + a.stems.size) + Math.log(1 + b.stems.size));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
