/** Somebody else has written what this transaction found absent: it must be run again. */
export class RaceLostError extends Error {}
