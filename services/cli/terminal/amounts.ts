import { countText } from './duration.ts';

/** Money for people: `0.0012 USD`; what is too small to be seen is said to be so. */
export function moneyText(microUsd: number): string {
  return microUsd > 0 && microUsd < 50 ? '< 0.0001 USD' : `${(microUsd / 1e6).toFixed(4)} USD`;
}

/** How long ago: `12 s ago`, `3 m ago`, `2 h ago`, `4 d ago`. */
export function agoText(at: string, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(at)) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} m ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** `2 calls` or `2 calls, 0.0012 USD`. */
export function costText({ calls, microUsd }: { calls: number; microUsd: number }): string {
  const spent = countText(calls, 'model call');
  return microUsd > 0 ? `${spent}, ${moneyText(microUsd)}` : spent;
}
