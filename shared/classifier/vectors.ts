/** A text as numbers: the features it has, and their weights; its length is 1. */
export interface SparseVector {
  readonly indices: Uint32Array;
  readonly values: Float64Array;
}

/** Knows the features of a training set and how rare each is. */
export class Vectoriser {
  readonly #index = new Map<string, number>();
  readonly #rarity: number[] = [];
  readonly #unseen: number;

  constructor(documents: readonly ReadonlySet<string>[]) {
    const counts: number[] = [];
    for (const document of documents) {
      for (const feature of document) {
        const at = this.#index.get(feature);
        if (at === undefined) {
          this.#index.set(feature, counts.length);
          counts.push(1);
        } else {
          counts[at]! += 1;
        }
      }
    }
    this.#rarity = counts.map((count) => Math.log((1 + documents.length) / (1 + count)) + 1);
    this.#unseen = Math.log(1 + documents.length) + 1;
  }

  /** Number of known features. */
  get size(): number {
    return this.#rarity.length;
  }

  /** The TF-IDF vector of a text's features; unknown ones are left out. */
  vector(document: ReadonlySet<string>): SparseVector {
    const indices: number[] = [];
    let squares = 0;
    for (const feature of document) {
      const at = this.#index.get(feature);
      if (at === undefined) continue;
      indices.push(at);
      squares += this.#rarity[at]! ** 2;
    }
    const length = Math.sqrt(squares) || 1;
    return {
      indices: Uint32Array.from(indices),
      values: Float64Array.from(indices, (at) => this.#rarity[at]! / length),
    };
  }

  /** Share (0 to 1) of the words that are known, rare words counting more; 0 for a text without words. */
  knownShare(document: ReadonlySet<string>): number {
    let known = 0;
    let all = 0;
    for (const feature of document) {
      if (!feature.startsWith('w:')) continue;
      const at = this.#index.get(feature);
      const weight = at === undefined ? this.#unseen : this.#rarity[at]!;
      all += weight;
      if (at !== undefined) known += weight;
    }
    return all === 0 ? 0 : known / all;
  }
}
