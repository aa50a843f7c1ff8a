import { MatrixFleet, type Service, type StoreKind } from './matrix-fleet.ts';

/** What is the same in all cells of one row of fleets. */
export interface Kind {
  /** Who dies; the other service lives through all cells. */
  readonly victim: Service;
  readonly store: StoreKind;
}

const survivorOf = { coordinator: 'worker', worker: 'coordinator' } as const;

/** A worker that is to die does one call at a time, so that it is known what was on its way. */
const concurrencyOf = { coordinator: '4', worker: '1' } as const;

/** Fleets that cells use one after the other: a cell needs its victims, and little else of its own. */
export class FleetPool {
  readonly #idle = new Map<string, MatrixFleet[]>();

  /** Lends a fleet whose survivor runs. One whose cell went wrong is not lent again. */
  async use<T>({ victim, store }: Kind, cell: (fleet: MatrixFleet) => Promise<T>): Promise<T> {
    const kind = `${victim} ${store}`;
    const fleet = this.#idle.get(kind)?.pop() ?? (await this.#open(victim, store));
    try {
      const result = await cell(fleet);
      this.#idle.set(kind, [...(this.#idle.get(kind) ?? []), fleet]);
      return result;
    } catch (error) {
      await fleet.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const fleets = [...this.#idle.values()].flat();
    this.#idle.clear();
    await Promise.all(fleets.map((fleet) => fleet.close()));
  }

  async #open(victim: Service, store: StoreKind): Promise<MatrixFleet> {
    const fleet = await MatrixFleet.open(store, { CONCURRENCY: concurrencyOf[victim] });
    fleet.start(survivorOf[victim]);
    return fleet;
  }
}
