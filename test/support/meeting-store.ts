import type { Store, StoreTransaction } from '../../services/coordinator/store/store.ts';

/** The same store; within each transaction `meet` is awaited before runs are locked. */
export function meetingBeforeLocks(
  store: Store,
  meet: (runs: readonly string[]) => Promise<void>,
): Store {
  return replacing(store, 'transaction', (work) =>
    store.transaction((transaction) => work(meetingFirst(transaction, meet))),
  );
}

function meetingFirst(
  transaction: StoreTransaction,
  meet: (runs: readonly string[]) => Promise<void>,
): StoreTransaction {
  return replacing(transaction, 'lockRuns', async (runs) => {
    await meet(runs);
    return transaction.lockRuns(runs);
  });
}

/** An object with one method of another's making. A proxy, because its other methods use private fields. */
function replacing<T extends object, K extends keyof T>(target: T, method: K, by: T[K]): T {
  return new Proxy(target, {
    get(_, name) {
      if (name === method) return by;
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
