/** A shuffle that gives the same orders for the same seed; each call of the result returns a new, longer mixed order. */
export function shuffler(seed: number): <T>(items: readonly T[]) => T[] {
  let state = seed >>> 0;
  // Numerical Recipes' linear congruential generator: good enough to mix training examples.
  const next = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return (items) => {
    const mixed = [...items];
    for (let at = mixed.length - 1; at > 0; at--) {
      const other = next(at + 1);
      const held = mixed[at]!;
      mixed[at] = mixed[other]!;
      mixed[other] = held;
    }
    return mixed;
  };
}
