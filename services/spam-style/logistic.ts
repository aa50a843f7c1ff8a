/** Probability (0 to 1) that a row of figures belongs to the class that was trained as true. */
export type Probability = (row: readonly number[]) => number;

const STEPS = 400;
const RATE = 0.3;
const DECAY = 0.01;

/** Trains two-class logistic regression on standardised figures by plain gradient descent; the same rows give the same result. */
export function trainBinary(
  rows: readonly (readonly number[])[],
  targets: readonly boolean[],
): Probability {
  const width = rows[0]?.length ?? 0;
  const mean = columns(width, (at) => average(rows.map((row) => row[at]!)));
  const spread = columns(width, (at) =>
    Math.sqrt(average(rows.map((row) => (row[at]! - mean[at]!) ** 2)) || 1),
  );
  const standard = (row: readonly number[]) =>
    columns(width, (at) => Math.max(-4, Math.min(4, (row[at]! - mean[at]!) / spread[at]!)));
  const inputs = rows.map(standard);
  const weights = columns(width, () => 0);
  let bias = 0;
  const score = (input: readonly number[]) =>
    input.reduce((sum, value, at) => sum + value * weights[at]!, bias);

  for (let step = 0; step < STEPS; step++) {
    const errors = inputs.map((input, row) => sigmoid(score(input)) - (targets[row] ? 1 : 0));
    bias -= RATE * average(errors);
    for (let at = 0; at < width; at++) {
      const gradient = average(errors.map((error, row) => error * inputs[row]![at]!));
      weights[at]! -= RATE * (gradient + DECAY * weights[at]!);
    }
  }
  return (row) => sigmoid(score(standard(row)));
}

function columns(width: number, value: (at: number) => number): number[] {
  return Array.from({ length: width }, (_, at) => value(at));
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
