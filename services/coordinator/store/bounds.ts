/** How many waiting calls of each tenant and priority a hand-out of places sees. */
export const WAITING_SHOWN = 100;
/** A place that nobody has used for so long after it was handed out is told of again. */
export const PLACE_UNUSED_MS = 5_000;
/** Runs that succeeded are looked for among that many of the newest: nearly all runs do, and no index keeps them apart. */
export const RUNS_SEARCHED = 10_000;
