const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** How a duration is written in a flow: a whole number and its unit. */
export const durationPattern = /^([1-9][0-9]{0,8})(ms|s|m|h)$/;

/** Longest duration a flow may name: timers beyond it are a mistake of units. */
const MAX_DURATION_MS = 30 * 24 * unitMs.h;

/** How milliseconds are written in a flow: "30s", "90s", "24h". */
export function writtenDuration(ms: number): string {
  const units = Object.entries(unitMs).reverse();
  const [unit, size] = units.find(([, each]) => ms % each === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}

/** "30s" in milliseconds; undefined when the text is no duration or longer than 30 days. */
export function durationMs(text: string): number | undefined {
  const match = durationPattern.exec(text);
  if (!match) return undefined;
  const ms = Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
  return ms <= MAX_DURATION_MS ? ms : undefined;
}
