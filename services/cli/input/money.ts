import { UsageError } from '../usage-error.ts';

/** An amount of US dollars, such as 0.05, in millionths. Throws UsageError. */
export function parseMicroUsd(text: string, option: string): number {
  const usd = Number(text);
  if (text.trim() !== '' && Number.isFinite(usd) && usd >= 0) return Math.round(usd * 1e6);
  throw new UsageError('bad_number', `${option} must be an amount such as 0.05, not "${text}".`);
}
