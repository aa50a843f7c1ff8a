import { existsSync } from 'node:fs';
import type { Verbs } from '../../shared/client/verbs.ts';
import { compileDocument } from '../coordinator/flow-documents.ts';
import { modelStandings } from '../coordinator/operations/model-standing.ts';
import { type ReadingVerb, readFrom } from '../coordinator/operations/read.ts';
import { openSqliteStore } from '../coordinator/store/sqlite/sqlite-store.ts';
import type { Store } from '../coordinator/store/store.ts';
import { memoryStore } from './store.ts';

/** Whoever works on a file without a broker. */
const reader = { tenant: 'default', client: 'anonymous' };

/** A database file; where there is none, one in memory with nothing in it: nobody wants a file for having looked. */
function keptStore(file: string): Store {
  return existsSync(file) ? openSqliteStore(file) : memoryStore();
}

/**
 * Answers from what a database file holds, with nothing started that works on its runs. Throws FleetError `store_in_use` when
 * another process has it, and as the operation does.
 */
export function readKept<V extends ReadingVerb>(
  file: string,
  verb: V,
  args: Verbs[V]['args'],
): Promise<Verbs[V]['answer']> {
  return withKept(file, (store) => readFrom(verb, args, { ...reader, store }));
}

/** What a database file knows of models that may not be called now, by model. Throws FleetError `store_in_use`. */
export function keptStandings(file: string): ReturnType<typeof modelStandings> {
  return withKept(file, modelStandings);
}

/** What a kept run needs to go on. */
export interface KeptRun {
  /** Name of its flow. */
  readonly flow: string;
  /** Models that it may call. */
  readonly models: readonly string[];
}

/** A kept run, of whatever flow it is; undefined where it is not there. */
export function findKept(file: string, runId: string): Promise<KeptRun | undefined> {
  return withKept(file, async (store) => {
    const run = await store.findRun(runId);
    if (run === undefined) return undefined;
    const { flow, flowDigest } = run;
    const row = await store.findFlow(flowDigest);
    if (row === undefined) return { flow, models: modelsOfCall(flow) };
    const { mayCall } = compileDocument(row.document);
    return { flow, models: mayCall.map(({ model }) => model) };
  });
}

/** A flow that is a call of one model is stored nowhere: its name says all. */
function modelsOfCall(flow: string): readonly string[] {
  const [, model] = /^call-(.+)$/.exec(flow) ?? [];
  return model === undefined ? [] : [model];
}

async function withKept<T>(file: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = keptStore(file);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
