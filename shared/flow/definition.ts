import { z } from 'zod';
import type { JsonObject, JsonValue } from '../envelope/json.ts';
import { durationMs, durationPattern } from './duration.ts';

/**
 * The flow language as a schema: what may be written in a flow file, with every default in one place. Nothing in here knows
 * what a node does; `infra/flows/README.md` tells it to authors. Durations are written "30s" and are milliseconds once read.
 */

/** An expression (a string), a literal, or lists and maps of them: see mapping.ts. */
export type Mapping = JsonValue;

const nodeIdPattern = /^[a-z][a-zA-Z0-9]{0,63}$/;

const namePattern = /^[a-z][a-z0-9-]{0,63}$/;

const id = z
  .string()
  .regex(
    nodeIdPattern,
    'an id starts with a small letter and goes on with letters and digits, like draftOne',
  )
  .meta({ id: 'nodeId', description: 'Id of a node.' });
const duration = z
  .string()
  .regex(durationPattern, 'a duration is a whole number and a unit: 500ms, 30s, 5m or 1h')
  .transform((text, context) => {
    const ms = durationMs(text);
    if (ms === undefined)
      context.addIssue({ code: 'custom', message: 'a duration is at most 30 days' });
    return ms ?? 0;
  })
  .meta({ id: 'duration', description: 'A whole number and a unit: 500ms, 30s, 5m, 1h.' });
const expression = z.string().meta({ id: 'expression', description: 'A CEL expression.' });
const mapping: z.ZodType<Mapping> = z.json().meta({
  id: 'mapping',
  description:
    'A string is CEL; numbers, booleans and null are themselves; { $text } and { $value } are literal.',
});
/** `name` or `name@2`: a model or flow, and a major version of it. */
const reference = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,63}(@[1-9][0-9]{0,5})?$/,
    'a name has small letters, digits and hyphens, and may end in a major version: sentiment or sentiment@2',
  )
  .meta({ id: 'reference', description: 'A name, or name@2 for major version 2.' });
const count = (most: number) => z.number().int().min(1).max(most);

const retry = z.strictObject({
  /** Executions in all, the first included. */
  attempts: count(100).default(3),
  initial: duration.default(1_000),
  factor: z.number().min(1).max(10).default(2),
  max: duration.default(60_000),
  jitter: z.enum(['full', 'none']).default('full'),
});

const policy = {
  /** One execution. */
  timeout: duration.default(30_000),
  /** First dispatch to accepted reply; left out: what is left of the run's deadline. */
  within: duration.optional(),
  retry: retry.prefault({}),
  /** Ids or context keys that travel with the request; left out: the whole context (inside a map: none). */
  context: z.array(z.string().min(1).max(256)).max(100).optional(),
};
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
  models: z
    .array(
      z.union([
        reference,
        z.strictObject({ model: reference, input: mapping.optional(), ...optionalPolicy() }),
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

/** A tier's own policy: what it leaves out is the cascade's. */
function optionalPolicy() {
  const { within, context } = policy;
  return { timeout: duration.optional(), within, retry: retry.optional(), context };
}

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
  fail: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, 'a code is written like not_supported'),
  message: mapping.optional(),
});
export type FailDefinition = z.infer<typeof fail>;

const nested = z.strictObject({ flow: id, of: reference, input: mapping.optional() });
export type NestedDefinition = z.infer<typeof nested>;

export type NodeDefinition =
  | StepDefinition
  | ParallelDefinition
  | RouteDefinition
  | RefineDefinition
  | CascadeDefinition
  | MapDefinition
  | SetDefinition
  | FailDefinition
  | NestedDefinition;

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
] as const;
export type NodeKind = (typeof nodeKinds)[number];

const node: z.ZodType<NodeDefinition> = z.lazy(() =>
  z.union([step, parallel, route, refine, cascade, map, set, fail, nested]),
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
