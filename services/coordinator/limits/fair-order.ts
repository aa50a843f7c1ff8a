import type { PlaceRow } from '../store/store.ts';

/** How far tenants are ahead of their share, in calls of weight 1; a tenant that is not named is not ahead. */
export type Leads = Readonly<Record<string, number>>;

/**
 * The order in which waiting calls of one model get their places: start-time fair queueing. The tenant that is least ahead of
 * its share is next; a call puts it ahead by 1 / weight. A tenant that asked for nothing saves nothing up. Within a tenant the
 * more urgent call goes first, then the one that waits longer.
 */
export class FairOrder {
  readonly #lines = new Map<string, PlaceRow[]>();
  readonly #leads: Map<string, number>;
  readonly #weightOf: (tenant: string) => number;

  constructor(waiting: readonly PlaceRow[], leads: Leads, weightOf: (tenant: string) => number) {
    for (const row of waiting) {
      const line = this.#lines.get(row.tenant);
      if (line) line.push(row);
      else this.#lines.set(row.tenant, [row]);
    }
    // The next one of a line is at its end.
    for (const line of this.#lines.values()) line.sort(before).reverse();
    this.#leads = new Map(Object.entries(leads));
    this.#weightOf = weightOf;
  }

  /** Who is next; undefined: nobody waits. */
  peek(): PlaceRow | undefined {
    return this.#nextLine()?.at(-1);
  }

  /** The next one gets its place. */
  take(): void {
    const line = this.#nextLine();
    const row = line?.pop();
    if (row === undefined) return;
    const { tenant } = row;
    if (line?.length === 0) this.#lines.delete(tenant);
    const start = this.#leads.get(tenant) ?? 0;
    for (const [one, lead] of this.#leads) {
      if (lead > start) this.#leads.set(one, lead - start);
      else this.#leads.delete(one);
    }
    this.#leads.set(tenant, 1 / this.#weightOf(tenant));
  }

  /** For the next hand-out. */
  get leads(): Leads {
    return Object.fromEntries(this.#leads);
  }

  #nextLine(): PlaceRow[] | undefined {
    let next: PlaceRow[] | undefined;
    let least = Infinity;
    for (const [tenant, line] of this.#lines) {
      const lead = this.#leads.get(tenant) ?? 0;
      if (lead >= least) continue;
      next = line;
      least = lead;
    }
    return next;
  }
}

function before(one: PlaceRow, other: PlaceRow): number {
  return other.priority - one.priority || one.sinceMs - other.sinceMs;
}
