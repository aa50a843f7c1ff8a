/** Lines of one cause that are written as they come, before they are only counted. */
export const WHOLE_LINES = 20;

/** What became of the lines of one cause in this interval. */
export interface Tally {
  readonly written: number;
  readonly counted: number;
}

/** One more line of a cause; `whole`: it is written as it is. */
export function tallied({ written, counted }: Tally = { written: 0, counted: 0 }): {
  readonly tally: Tally;
  readonly whole: boolean;
} {
  return written < WHOLE_LINES
    ? { whole: true, tally: { written: written + 1, counted } }
    : { whole: false, tally: { written, counted: counted + 1 } };
}

/**
 * The interval is over. `counted` lines were not written; where there are any, the next interval counts from its first line on: a flood
 * is one line in each, however long it lasts, and whoever is quiet for an interval is heard again. `next` is undefined then.
 */
export function ended({ counted }: Tally): { readonly counted: number; readonly next?: Tally } {
  return counted === 0 ? { counted } : { counted, next: { written: WHOLE_LINES, counted: 0 } };
}
