/** What the processes of a run tell each other over their channel to the runner. */

export interface Progress {
  readonly accepted: number;
  readonly finished: number;
  /** Jobs that were released and have no result yet. */
  readonly open: number;
}

/** Runner → nemesis. */
export type ToNemesis =
  | { readonly type: 'begin' }
  /** A slot is filled; `serving`: its process has said so. */
  | {
      readonly type: 'process';
      readonly slot: string;
      readonly pid: number;
      readonly serving: boolean;
    }
  | ({ readonly type: 'progress' } & Progress)
  | { readonly type: 'queues' };

/** Nemesis → runner. */
export type FromNemesis =
  | {
      readonly type: 'ready';
      /** AMQP URL by slot. */
      readonly urls: Readonly<Record<string, string>>;
      readonly databaseUrl: string | null;
      readonly broker: string;
    }
  | { readonly type: 'release'; readonly jobs: number }
  | { readonly type: 'struck'; readonly fault: string; readonly left: number }
  | { readonly type: 'healed' }
  | { readonly type: 'queues'; readonly text: string };

/** Runner → submitter. */
export type ToSubmitter = { readonly type: 'release'; readonly jobs: number };

/** Submitter → runner. */
export type FromSubmitter =
  | { readonly type: 'ready' }
  | ({ readonly type: 'progress' } & Progress)
  /** Every job has its result. */
  | { readonly type: 'finished' };
