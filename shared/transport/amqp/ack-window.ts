const OPEN = 0;
const ACKNOWLEDGED_NOW = 1;
const SETTLED = 2;

interface Tagged {
  /** Delivery tag: 1, 2, 3, … on one channel. */
  readonly tag: number;
}

/** How to tell the broker about a set of acknowledgements. */
export interface Acknowledgement<Item> {
  /** Acknowledge this one and everything before it. */
  readonly upTo: Item | undefined;
  /** Acknowledge these one by one. */
  readonly single: readonly Item[];
}

/**
 * Which delivery tags of one channel are unsettled, so that acknowledgements go out as one cumulative ack as far as no
 * unsettled delivery lies before them.
 */
export class AckWindow<Item extends Tagged> {
  #states: number[] = [];
  #first = 1;
  /** Index in `#states` of the oldest tag that may be open. */
  #head = 0;

  /** A delivery came. Tags come in order, without gaps. */
  delivered(item: Item): void {
    if (item.tag !== this.#first + this.#states.length) {
      throw new Error(`Delivery tag ${item.tag} is out of order.`);
    }
    this.#states.push(OPEN);
  }

  /** Deliveries that were rejected or given back, each told to the broker by its own tag. */
  settled(items: readonly Item[]): void {
    for (const item of items) this.#states[item.tag - this.#first] = SETTLED;
  }

  /** Takes deliveries, each unsettled until now, as acknowledged. */
  acknowledged(items: readonly Item[]): Acknowledgement<Item> {
    for (const item of items) this.#states[item.tag - this.#first] = ACKNOWLEDGED_NOW;
    let last = 0;
    for (let state = this.#states[this.#head]; state; state = this.#states[this.#head]) {
      if (state === ACKNOWLEDGED_NOW) last = this.#first + this.#head;
      this.#head += 1;
    }
    let upTo: Item | undefined;
    const single: Item[] = [];
    for (const item of items) {
      if (item.tag === last) upTo = item;
      else if (item.tag > last) single.push(item);
    }
    this.settled(single);
    this.#forget();
    return { upTo, single };
  }

  /** Drops the settled front once it is long. */
  #forget(): void {
    if (this.#head < 1024) return;
    this.#states = this.#states.slice(this.#head);
    this.#first += this.#head;
    this.#head = 0;
  }
}
