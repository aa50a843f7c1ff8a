import type { Join } from '../../../../shared/flow/kernel.ts';

/** How the branches of a scatter stand. Branches that neither succeeded nor failed are open or not begun. */
export interface Standing {
  readonly total: number;
  readonly succeeded: number;
  readonly failed: number;
}

export type JoinVerdict = 'open' | 'fires' | 'branch_failed' | 'join_impossible';

/** What a join does while there is time. */
export function verdictOf({ need }: Join, { total, succeeded, failed }: Standing): JoinVerdict {
  if (need === 'all') {
    if (failed > 0) return 'branch_failed';
    return succeeded === total ? 'fires' : 'open';
  }
  if (succeeded >= need) return 'fires';
  return total - failed < need ? 'join_impossible' : 'open';
}

/** What an open join does when its time is over. */
export function verdictAtExpiry(
  { need }: Join,
  { succeeded }: Standing,
): 'fires' | 'join_empty' | 'join_expired' {
  if (need !== 'all') return 'join_expired';
  return succeeded > 0 ? 'fires' : 'join_empty';
}
