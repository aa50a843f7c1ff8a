import { parseArgs } from 'node:util';

export type StoreKind = 'sqlite' | 'postgres';

/** What one run of chaos is asked to do. */
export interface ChaosOptions {
  readonly jobs: number;
  /** kill -9 of coordinators and workers. */
  readonly kills: number;
  readonly brokerRestarts: number;
  readonly dbRestarts: number;
  /** Pauses of processes and faults of the network. */
  readonly faults: number;
  readonly seed: number;
  readonly store: StoreKind;
  /** The last line of standard output is one JSON object. */
  readonly json: boolean;
  /** Leaves ledgers, logs and the store's file where they are. */
  readonly keep: boolean;
}

export const usage =
  'npm run chaos -- [--jobs N] [--kills K] [--broker-restarts B] [--db-restarts D] [--faults F] [--seed S] [--store sqlite|postgres] [--json] [--keep]';

/** Jobs that are submitted after everything is healed; every one of them must succeed. */
export const TAIL_JOBS = 20;

/** Reads the arguments; a seed that is left out is a new one. Throws an Error with a sentence. */
export function readOptions(args: readonly string[]): ChaosOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      jobs: { type: 'string', default: '500' },
      kills: { type: 'string', default: '10' },
      'broker-restarts': { type: 'string', default: '1' },
      'db-restarts': { type: 'string', default: '0' },
      faults: { type: 'string', default: '4' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      store: { type: 'string' },
      json: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
    },
  });
  const dbRestarts = count('db-restarts', values['db-restarts']);
  const store = values.store ?? 'postgres';
  if (store !== 'sqlite' && store !== 'postgres') {
    throw new Error(`--store is sqlite or postgres, not ${store}.`);
  }
  if (store === 'sqlite' && dbRestarts > 0) {
    throw new Error('--db-restarts needs --store postgres: SQLite has no server to restart.');
  }
  const jobs = count('jobs', values.jobs);
  if (jobs <= TAIL_JOBS) throw new Error(`--jobs is more than ${TAIL_JOBS}.`);
  return {
    jobs,
    kills: count('kills', values.kills),
    brokerRestarts: count('broker-restarts', values['broker-restarts']),
    dbRestarts,
    faults: count('faults', values.faults),
    seed: count('seed', values.seed),
    store,
    json: values.json,
    keep: values.keep,
  };
}

function count(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} is a whole number, not "${text}".`);
  return Number(text);
}
