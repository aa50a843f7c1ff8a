import { FleetError } from '../../shared/errors/errors.ts';
import { openSqliteStore } from '../coordinator/store/sqlite/sqlite-store.ts';
import type { Store } from '../coordinator/store/store.ts';

export type { Store };

/** A store that is gone with the process. */
export function memoryStore(): Store {
  return openSqliteStore(':memory:');
}

/** A database file as a store; it is made where there is none. Throws FleetError `store_in_use`. */
export function fileStore(file: string): Store {
  return openSqliteStore(file);
}

/** A database file as a store, or a store in memory and why: another process has the file. Throws FleetError otherwise. */
export function storeOrMemory(file: string): { readonly store: Store; readonly held?: FleetError } {
  try {
    return { store: openSqliteStore(file) };
  } catch (error) {
    if (error instanceof FleetError && error.code === 'store_in_use') {
      return { store: memoryStore(), held: error };
    }
    throw error;
  }
}
