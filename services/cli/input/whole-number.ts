import { UsageError } from '../usage-error.ts';

/** A whole number from 1 on. Throws UsageError. */
export function parseCount(text: string, option: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new UsageError('bad_number', `${option} must be a whole number from 1 on, not "${text}".`);
}
