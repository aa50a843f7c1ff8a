/** Reads a stream of pieces by counts of bytes, however it was cut. */
export class PieceReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** What comes next, of any size but none; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    const held = this.#held;
    this.#held = new Uint8Array(0);
    if (held.length > 0) return held;
    for (;;) {
      const { done, value } = await this.#pieces.next();
      if (done) return undefined;
      if (value.length > 0) return value;
    }
  }

  /** Puts back what was read too far. */
  unread(bytes: Uint8Array): void {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([bytes, this.#held]);
  }

  /** Exactly so many bytes, or fewer at the end. For small counts: they are in memory together. */
  async take(count: number): Promise<Buffer> {
    const taken: Uint8Array[] = [];
    let left = count;
    while (left > 0) {
      const piece = await this.next();
      if (piece === undefined) break;
      if (piece.length > left) this.unread(piece.subarray(left));
      taken.push(piece.subarray(0, left));
      left -= Math.min(left, piece.length);
    }
    return Buffer.concat(taken);
  }

  /** So many bytes in pieces, or fewer at the end. */
  async *pass(count: number): AsyncGenerator<Uint8Array> {
    let left = count;
    while (left > 0) {
      const piece = await this.next();
      if (piece === undefined) return;
      if (piece.length > left) this.unread(piece.subarray(left));
      yield piece.subarray(0, left);
      left -= Math.min(left, piece.length);
    }
  }

  /** Reads so many bytes, or all that are left, and forgets them. */
  async skip(count = Infinity): Promise<void> {
    for await (const _ of this.pass(count));
  }

  /** Ends the stream. */
  async end(): Promise<void> {
    await this.#pieces.return?.();
  }
}
