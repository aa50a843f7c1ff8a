import type { Join } from '../../../../shared/flow/kernel.ts';

/** How the branches of a scatter stand. Branches that neither succeeded nor failed are open or not begun. */
export interface Standing {
  readonly total: number;
  readonly succeeded: number;
  readonly failed: number;
}

export type JoinVerdict = 'open' | 'fires' | 'branch_failed' | 'join_impossible' | 'join_empty';

/**
 * What a join does while there is time. One that needs all and has a time of its own takes what it can get: for it a branch
 * that failed is missing, like one that is late.
 */
export function verdictOf({ need, withinMs }: Join, standing: Standing): JoinVerdict {
  const { total, succeeded, failed } = standing;
  if (need !== 'all') {
    if (succeeded >= need) return 'fires';
    return total - failed < need ? 'join_impossible' : 'open';
  }
  if (succeeded === total) return 'fires';
  if (withinMs === undefined) return failed > 0 ? 'branch_failed' : 'open';
  if (succeeded + failed < total) return 'open';
  return succeeded > 0 ? 'fires' : 'join_empty';
}

/** What an open join does when its time is over. */
export function verdictAtExpiry(
  { need }: Join,
  { succeeded }: Standing,
): 'fires' | 'join_empty' | 'join_expired' {
  if (need !== 'all') return 'join_expired';
  return succeeded > 0 ? 'fires' : 'join_empty';
}
