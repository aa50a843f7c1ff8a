import { z } from 'zod';

/** Rows of a list that does not say how many it wants. */
export const DEFAULT_PAGE = 50;

export const limitSchema = z.number().int().min(1).max(1_000);

/** The first `limit` of rows that were read with one more, and the id to go on after; null: these are all. */
export function pageOf<T extends { readonly id: string }>(
  found: readonly T[],
  limit: number,
): { readonly rows: readonly T[]; readonly next: string | null } {
  const rows = found.slice(0, limit);
  return { rows, next: found.length > limit ? (rows.at(-1)?.id ?? null) : null };
}
