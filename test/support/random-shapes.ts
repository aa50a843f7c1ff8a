import fc from 'fast-check';
import type { Gather, Join } from '../../shared/flow/kernel.ts';

/** A random node before it has a path: what `randomFlows` builds flows from. */
export type Shape =
  | {
      readonly kind: 'call';
      readonly tolerant: boolean;
      readonly patches: boolean;
      readonly attempts: number;
      readonly withinMs: number | null;
    }
  | { readonly kind: 'set' }
  | { readonly kind: 'fail' }
  | { readonly kind: 'cascade'; readonly tiers: number; readonly choose: 'best' | 'last' }
  | { readonly kind: 'list'; readonly items: readonly Shape[] }
  | { readonly kind: 'choice'; readonly arms: readonly Shape[]; readonly total: boolean }
  | {
      readonly kind: 'scatter';
      readonly branches: readonly Shape[];
      readonly join: Join;
      readonly gather: Gather['kind'];
      readonly concurrency: number;
    }
  | {
      readonly kind: 'elements';
      readonly count: number;
      readonly body: Shape;
      readonly join: Join;
      readonly concurrency: number;
    };

export interface RandomFlowOptions {
  /** Joins that need all and have no time of their own, and steps without one: then no order of replies shows. */
  readonly onlyAll: boolean;
}

/** One to three nodes of up to four levels, of every kind. */
export function randomShapes({ onlyAll }: RandomFlowOptions): fc.Arbitrary<readonly Shape[]> {
  const withinMs = onlyAll ? fc.constant(null) : fc.option(fc.integer({ min: 1_000, max: 90_000 }));
  const join: fc.Arbitrary<Join> = onlyAll
    ? fc.constant({ need: 'all' })
    : fc
        .tuple(fc.oneof(fc.constant('all' as const), fc.integer({ min: 1, max: 3 })), withinMs)
        .map(([need, ms]) => (ms === null ? { need } : { need, withinMs: ms }));
  const leaf: fc.Arbitrary<Shape> = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('call' as const),
        tolerant: fc.boolean(),
        patches: fc.boolean(),
        attempts: fc.integer({ min: 1, max: 3 }),
        withinMs,
      }),
    },
    { weight: 2, arbitrary: fc.constant<Shape>({ kind: 'set' }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('cascade' as const),
        tiers: fc.integer({ min: 1, max: 3 }),
        choose: fc.constantFrom('best' as const, 'last' as const),
      }),
    },
    { weight: 1, arbitrary: fc.constant<Shape>({ kind: 'fail' }) },
  );
  const shape: fc.Memo<Shape> = fc.memo<Shape>((depth): fc.Arbitrary<Shape> => {
    if (depth <= 1) return leaf;
    const inner = shape(depth - 1);
    const several = fc.array(inner, { minLength: 1, maxLength: 3 });
    const concurrency = fc.integer({ min: 1, max: 4 });
    return fc.oneof(
      leaf,
      fc.record({
        kind: fc.constant('list' as const),
        items: fc.array(inner, { maxLength: 3 }),
      }),
      fc.record({ kind: fc.constant('choice' as const), arms: several, total: fc.boolean() }),
      fc.record({
        kind: fc.constant('scatter' as const),
        branches: several,
        join,
        gather: fc.constantFrom(
          'fields' as const,
          'list' as const,
          'vote' as const,
          'best' as const,
        ),
        concurrency,
      }),
      fc.record({
        kind: fc.constant('elements' as const),
        count: fc.integer({ min: 0, max: 5 }),
        body: inner,
        join,
        concurrency,
      }),
    );
  });
  return fc.array(shape(4), { minLength: 1, maxLength: 3 });
}
