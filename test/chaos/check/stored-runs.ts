import { openPostgresStore } from '../../../services/coordinator/store/postgres/postgres-store.ts';
import { openSqliteStore } from '../../../services/coordinator/store/sqlite/sqlite-store.ts';
import type { HistoryRow, Store } from '../../../services/coordinator/store/store.ts';
import type { JsonValue } from '../../../shared/envelope/json.ts';

/** A run as it is in the store when nobody works on it any more. */
export interface StoredRun {
  readonly status: string;
  readonly code: string | undefined;
  readonly history: readonly HistoryRow[];
  /** What its calls cost. */
  readonly microUsd: number;
  /** The payload of its result; undefined: there is no result. */
  readonly payload: JsonValue | undefined;
}

/** Reads runs from the store that the coordinators have left. */
export async function readStoredRuns(
  place: { readonly sqliteFile: string; readonly databaseUrl: string | null },
  ids: readonly string[],
): Promise<ReadonlyMap<string, StoredRun>> {
  const store =
    place.databaseUrl === null
      ? openSqliteStore(place.sqliteFile)
      : await openPostgresStore(place.databaseUrl);
  try {
    const runs = new Map<string, StoredRun>();
    for (const id of ids) {
      const run = await readOne(store, id);
      if (run) runs.set(id, run);
    }
    return runs;
  } finally {
    await store.close();
  }
}

async function readOne(store: Store, id: string): Promise<StoredRun | undefined> {
  const run = await store.findRun(id);
  if (!run) return undefined;
  const result = (await store.readValue(id, '$result')) as { payload: JsonValue } | undefined;
  const history = await store.readHistory(id);
  const { status, error, usage } = run;
  const { microUsd } = usage;
  return { status, code: error?.code, history, microUsd, payload: result?.payload };
}
