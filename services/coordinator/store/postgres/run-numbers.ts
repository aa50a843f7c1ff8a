/** Must be what the sequence `run_numbers` is incremented by. */
const BLOCK = 1_000;

/** Running numbers for new runs, taken from the database by the block. Those that are not used are left out for good. */
export class RunNumbers {
  #next = 0;
  #end = 0;

  /** `nextBlock` answers the first number of a block that is nobody else's. */
  async take(count: number, nextBlock: () => Promise<number>): Promise<number[]> {
    const taken: number[] = [];
    while (taken.length < count) {
      if (this.#next === this.#end) {
        const first = await nextBlock();
        this.#next = first;
        this.#end = first + BLOCK;
      }
      taken.push(this.#next);
      this.#next += 1;
    }
    return taken;
  }
}
