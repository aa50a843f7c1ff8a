import type { PlaceRow } from '../../services/coordinator/store/store.ts';

/** A waiting call of `tenant`; `n` tells apart and orders those of one tenant. */
export function aPlace(tenant: string, n: number, more: Partial<PlaceRow> = {}): PlaceRow {
  return {
    runId: `${tenant}-${n}`,
    path: 'a',
    attempt: 1,
    model: 'echo',
    tenant,
    priority: 1,
    sinceMs: n,
    tokens: 0,
    ...more,
  };
}
