/** What a message may be at most. Each limit says what breaks without it. */

/**
 * A job, request, reply, progress or result. Larger values go by reference to an artifact; without the limit a few messages fill the memory
 * of the broker and of everybody who prefetches them.
 */
export const MAX_MESSAGE_BYTES = 256 * 1024;

/** Body at an untrusted door that is looked into at all. Without it one message fills the memory of whoever receives it. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** Body of an internal message: a request carries a job's payload plus context. Above it the broker's own default cap closes the channel. */
export const MAX_INTERNAL_BODY_BYTES = 16 * 1024 * 1024;

/** Open objects and arrays, the envelope itself included. Without it every later recursive walk may overflow the stack. */
export const MAX_DEPTH = 64;

/** The same inside the fleet, where values that passed the door are wrapped a few levels deeper. */
export const MAX_INTERNAL_DEPTH = 256;

/** Object members and array elements of one body, all levels together. Without it 2 MB of `[0,0,…` become a hundred times that in memory. */
export const MAX_MEMBERS = 100_000;

/** UTF-16 units of one key. Without it a single key becomes a megabyte of every log line and index that names it. */
export const MAX_KEY_LENGTH = 256;

/** Headers of one message, nested values included. Without it a header table costs more than the body it comes with. */
export const MAX_HEADERS = 64;

/** Bytes of all header names and values. The token (at most 4 KiB) and a tracestate fit many times. */
export const MAX_HEADER_BYTES = 16 * 1024;

/** `payload.metadata` of a job, as JSON. It is copied to every step of the run, so it must stay small. */
export const MAX_METADATA_BYTES = 32 * 1024;

/** How far a client's clock may run ahead. Without it a job from the future outlives every check of its age. */
export const MAX_CLOCK_SKEW_MS = 5 * 60_000;
