import { z } from 'zod';
import type { JsonObject } from '../envelope/json.ts';
import { budget, optionalPolicy, policy } from './definition-policy.ts';
import {
  count,
  duration,
  errorCode,
  expression,
  id,
  type Mapping,
  mapping,
  reference,
} from './definition-words.ts';

/**
 * The flow language as a schema: what may be written in a flow file, with its defaults (what a model call may say of its
 * failures: definition-policy.ts). Nothing in here knows what a node does; `infra/flows/README.md` tells it to authors.
 * Durations are written "30s" and are milliseconds once read.
 */

const namePattern = /^[a-z][a-z0-9-]{0,63}$/;

const call = { model: reference, input: mapping.optional(), ...policy };
const modelCall = z.strictObject(call);
export type ModelCall = z.infer<typeof modelCall>;

const step = z.strictObject({ step: id, ...call });
export type StepDefinition = z.infer<typeof step>;

export interface BranchDefinition {
  branch: string;
  do: NodeDefinition[];
}
const branch: z.ZodType<BranchDefinition> = z.lazy(() => z.strictObject({ branch: id, do: list }));

const join = z.union([
  z.enum(['all', 'any']),
  z.strictObject({ need: count(1_000_000).optional(), within: duration.optional() }),
]);
export type JoinDefinition = z.infer<typeof join>;

export interface ParallelDefinition {
  parallel: string;
  branches: (StepDefinition | BranchDefinition)[];
  join: JoinDefinition;
  merge: 'fields' | 'vote' | 'best' | StepDefinition;
  by?: string | undefined;
  score?: string | undefined;
  concurrency?: number | undefined;
}
const parallel = z.strictObject({
  parallel: id,
  branches: z
    .array(z.union([step, branch]))
    .min(1)
    .max(100),
  join: join.default('all'),
  merge: z.union([z.enum(['fields', 'vote', 'best']), step]).default('fields'),
  /** vote: what branches agree on. */
  by: expression.optional(),
  /** best: the highest wins; vote: the weight of a branch's vote. */
  score: expression.optional(),
  concurrency: count(1_000).optional(),
});

export interface RouteDefinition {
  route: { when?: string | undefined; do: NodeDefinition[] }[];
}
const route: z.ZodType<RouteDefinition> = z.lazy(() =>
  z.strictObject({
    route: z
      .array(z.strictObject({ when: expression.optional(), do: list }))
      .min(1)
      .max(100),
  }),
);

const refine = z.strictObject({
  refine: id,
  draft: modelCall,
  critic: modelCall,
  improve: modelCall,
  /** A number from the critic's output; the highest draft wins. Left out: the last one does. */
  score: expression.optional(),
  until: expression.optional(),
  maxRounds: count(20).default(3),
});
export type RefineDefinition = z.infer<typeof refine>;

const cascade = z.strictObject({
  cascade: id,
  /** What a tier leaves out of its policy is the cascade's. */
  models: z
    .array(
      z.union([
        reference,
        z.strictObject({ model: reference, input: mapping.optional(), ...optionalPolicy }),
      ]),
    )
    .min(1)
    .max(20),
  input: mapping.optional(),
  ...policy,
  accept: expression,
  otherwise: z.enum(['best', 'last', 'fail']).default('last'),
  score: expression.optional(),
});
export type CascadeDefinition = z.infer<typeof cascade>;

export interface MapDefinition {
  map: string;
  over: string;
  as: string;
  do: NodeDefinition[] | StepDefinition;
  concurrency: number;
  join: JoinDefinition;
  collect?: Mapping | undefined;
  maxElements: number;
}
const map: z.ZodType<MapDefinition> = z.lazy(() =>
  z.strictObject({
    map: id,
    over: expression,
    as: id.default('item'),
    do: z.union([z.array(node).max(200), step]),
    concurrency: count(1_000).default(16),
    join: join.default('all'),
    collect: mapping.optional(),
    maxElements: count(100_000).default(1_000),
  }),
);

const set = z.strictObject({ set: id, value: mapping });
export type SetDefinition = z.infer<typeof set>;

const fail = z.strictObject({
  /** The run's error code. */
  fail: errorCode,
  message: mapping.optional(),
});
export type FailDefinition = z.infer<typeof fail>;

const nested = z.strictObject({ flow: id, of: reference, input: mapping.optional() });
export type NestedDefinition = z.infer<typeof nested>;

const wait = z.strictObject({
  wait: id,
  /** What is asked, for whoever answers. */
  ask: mapping.optional(),
  within: duration.optional(),
  /** The value when nobody answered in time. */
  onTimeout: mapping.optional(),
  /** JSON Schema of the answer; left out: any JSON value. */
  answer: (z.record(z.string(), z.json()) as z.ZodType<JsonObject>).optional(),
});
export type WaitDefinition = z.infer<typeof wait>;

export type NodeDefinition =
  | StepDefinition
  | ParallelDefinition
  | RouteDefinition
  | RefineDefinition
  | CascadeDefinition
  | MapDefinition
  | SetDefinition
  | FailDefinition
  | NestedDefinition
  | WaitDefinition;

/** The word that makes a node what it is, in the order of the union below. */
export const nodeKinds = [
  'step',
  'parallel',
  'route',
  'refine',
  'cascade',
  'map',
  'set',
  'fail',
  'flow',
  'wait',
] as const;
export type NodeKind = (typeof nodeKinds)[number];

const node: z.ZodType<NodeDefinition> = z.lazy(() =>
  z.union([step, parallel, route, refine, cascade, map, set, fail, nested, wait]),
);
const list: z.ZodType<NodeDefinition[]> = z.lazy(() => z.array(node).max(200));

export const flowSchema = z
  .strictObject({
    flow: z.string().regex(namePattern, 'a flow is named with small letters, digits and hyphens'),
    version: z.number().int().min(1).max(999_999),
    description: z.string().min(1).max(1_000),
    /** JSON Schema of the payload. */
    input: z.record(z.string(), z.json()) as z.ZodType<JsonObject>,
    deadline: duration.default(300_000),
    /** Of each run. */
    budget: budget.optional(),
    do: list,
    output: mapping.optional(),
  })
  .meta({ title: 'A flow of Flotilla' });

/** A flow as it was written, checked and with its defaults. */
export type FlowDefinition = z.infer<typeof flowSchema>;

/** Which kind a node is; undefined when no kind's word is among its keys. */
export function kindOf(value: object): NodeKind | undefined {
  return nodeKinds.find((kind) => Object.hasOwn(value, kind));
}
