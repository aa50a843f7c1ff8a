import { mixed } from '../plan/random.ts';

/**
 * What the models of chaos compute: whole numbers below a small prime, so that a wrong input anywhere in a flow shows in its
 * output. The worker and the evaluator share these functions and nothing else.
 */
export const PRIME = 10_007;

export const modelNames = ['chaos-a', 'chaos-b', 'chaos-c', 'chaos-d'] as const;
export type ModelName = (typeof modelNames)[number];

export const functions: Readonly<Record<ModelName, (x: number, y: number) => number>> = {
  'chaos-a': (x, y) => modulo(3 * x + y + 7),
  'chaos-b': (x, y) => modulo(x * x + 5 * y + 1),
  'chaos-c': (x, y) => mixed(`${x},${y}`) % PRIME,
  'chaos-d': (x, y) => modulo(7 * x - 2 * y + 13),
};

/** Calls of a model at a time, over all workers and coordinators; the others are not limited. */
export const inFlightLimits: Readonly<Partial<Record<ModelName, number>>> = { 'chaos-d': 3 };

/** Fails whatever it is asked: its breaker opens. */
export const BROKEN = 'chaos-broken';

/** Computes what the model that it is told would compute, for money: a run can pay for two calls of it. */
export const DEAR = 'chaos-dear';
export const DEAR_MICRO_USD = 500;
export const BUDGET_MICRO_USD = 1_200;

/** One attempt in ten fails, whichever it is: decided by its key, so that the same attempt fails again when it is repeated. */
export function failsOnPurpose(attemptKey: string): boolean {
  return mixed(`fails ${attemptKey}`) % 10 === 0;
}

/** One attempt in fifty gives an output of the wrong shape. */
export function answersWrongly(attemptKey: string): boolean {
  return mixed(`wrong ${attemptKey}`) % 50 === 0;
}

/** How long an attempt takes, in milliseconds: most are quick, some are not. */
export function durationMs(attemptKey: string): number {
  const dice = mixed(`takes ${attemptKey}`) % 100;
  return dice < 50 ? 0 : dice < 95 ? dice - 45 : 400;
}

function modulo(value: number): number {
  return ((value % PRIME) + PRIME) % PRIME;
}
