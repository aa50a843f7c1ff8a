import type { Took } from './timed-transport.ts';

/** What the fleet's process tells. */
export type FromFleet =
  | { readonly type: 'ready' }
  /** A log line with a code; `about` are the run, routing key and message id that it names. */
  | { readonly type: 'log'; readonly code: string; readonly about: readonly unknown[] }
  /** A model was called for this run. */
  | { readonly type: 'call'; readonly model: string; readonly run: string }
  /** After a collection of garbage. `took`: each batch of deliveries since the last reset. */
  | { readonly type: 'facts'; readonly rssBytes: number; readonly took: readonly Took[] };

/** What it is asked: its facts, and with `reset` to begin to measure anew. */
export interface ToFleet {
  readonly type: 'facts' | 'reset';
}
