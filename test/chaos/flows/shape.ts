import type { ModelName } from '../models/arithmetic.ts';

/** Where a number comes from. */
export type Source =
  | { readonly from: 'payload'; readonly field: 'x' | 'y' }
  | { readonly from: 'node'; readonly id: string }
  /** The first element of a map's list. */
  | { readonly from: 'list'; readonly id: string }
  /** A context key that an earlier step may have patched in. */
  | { readonly from: 'patch'; readonly key: string; readonly otherwise: number }
  | { readonly from: 'constant'; readonly value: number };

/** What is given to a model. */
export interface Arguments {
  readonly x: Source;
  readonly y: Source;
}

/** A node of a random flow. Each but `fail` and `map` has a value { x }; that of a map is a list of numbers. */
export type Node =
  | {
      readonly kind: 'step';
      readonly id: string;
      readonly model: ModelName;
      readonly input: Arguments;
      readonly tag?: string;
    }
  /** Both arms end in a node with this id. */
  | {
      readonly kind: 'route';
      readonly id: string;
      readonly on: Source;
      readonly below: number;
      readonly low: readonly Node[];
      readonly high: readonly Node[];
    }
  | {
      readonly kind: 'parallel';
      readonly id: string;
      readonly branches: readonly { readonly id: string; readonly nodes: readonly Node[] }[];
    }
  /** The same call several times, of which so many are needed: the value is the same whichever come first. */
  | {
      readonly kind: 'vote';
      readonly id: string;
      readonly model: ModelName;
      readonly input: Arguments;
      readonly copies: number;
      readonly need: number;
    }
  | {
      readonly kind: 'refine';
      readonly id: string;
      readonly input: Arguments;
      readonly draft: ModelName;
      readonly critic: ModelName;
      readonly improve: ModelName;
      readonly until: number;
      readonly rounds: number;
    }
  | {
      readonly kind: 'cascade';
      readonly id: string;
      readonly input: Arguments;
      readonly models: readonly ModelName[];
      readonly accept: number;
      readonly otherwise: 'last' | 'best';
    }
  | { readonly kind: 'map'; readonly id: string; readonly model: ModelName; readonly y: Source }
  | { readonly kind: 'set'; readonly id: string; readonly x: Source }
  /** Ends the run when the number is below the limit. */
  | { readonly kind: 'fail'; readonly code: string; readonly on: Source; readonly below: number };

export interface FlowShape {
  readonly name: string;
  readonly nodes: readonly Node[];
  /** Nodes with a value { x } that the output names. */
  readonly numbers: readonly string[];
  /** Maps that the output names. */
  readonly lists: readonly string[];
}

/** The payload of a job. */
export interface Payload {
  readonly x: number;
  readonly y: number;
  readonly list: readonly number[];
}

/** How a run must end. */
export type Expected =
  | { readonly status: 'succeeded'; readonly output: Readonly<Record<string, unknown>> }
  | { readonly status: 'failed'; readonly code: string };
