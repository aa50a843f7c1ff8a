/** A label and how sure a classifier is of it, 0 to 1. */
export type Scored = {
  label: string;
  confidence: number;
};

/** Rounds to four digits, so that outputs are short and the same on every machine. */
export function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

/** Labels with the softmax of their scores, best first; equal ones in alphabetical order. */
export function softmax(
  labels: readonly string[],
  scores: readonly number[],
  temperature = 1,
): Scored[] {
  const top = Math.max(...scores);
  const powers = scores.map((score) => Math.exp((score - top) / temperature));
  const sum = powers.reduce((total, power) => total + power, 0);
  return labels
    .map((label, at) => ({ label, confidence: (powers[at] ?? 0) / sum }))
    .sort((a, b) => b.confidence - a.confidence || (a.label < b.label ? -1 : 1));
}
