import type { JsonValue } from '../../shared/envelope/json.ts';
import type {
  Binding,
  Branch,
  CallNode,
  ChoiceNode,
  CompiledFlow,
  Expression,
  FailNode,
  Gather,
  Join,
  Kernel,
  PickNode,
  ScatterNode,
  Scope,
  SequenceNode,
  SetNode,
  StepPolicy,
} from '../../shared/flow/kernel.ts';
import { modelsCalled, modelsNeeded } from '../../shared/flow/models-of.ts';

/** Kernel trees whose expressions are plain functions, for tests of the engine without the language. */

/** An expression that reads names from these keys. */
export function reading(
  keys: Readonly<Record<string, string | Binding>>,
  evaluate: (scope: Scope) => JsonValue,
): Expression {
  const names = Object.entries(keys).map(([name, key]) =>
    typeof key === 'string' ? { name, keys: [key] } : key,
  );
  return { source: evaluate.toString(), reads: { names }, evaluate };
}

/** An expression that reads the value under one key. */
export function valueAt(key: string): Expression {
  return reading({ value: key }, (scope) => scope['value'] ?? null);
}

export function constant(value: JsonValue): Expression {
  return { source: JSON.stringify(value), reads: { names: [] }, evaluate: () => value };
}

/** A policy without retries, jitter or a time of its own. */
export function policy(some: Partial<StepPolicy> = {}): StepPolicy {
  const retry = {
    attempts: 1,
    initialMs: 1_000,
    factor: 2,
    maxMs: 60_000,
    jitter: 'none',
    on: {},
  } as const;
  return { timeoutMs: 30_000, retry, fallback: [], reask: 0, ...some };
}

/** A policy that tries `attempts` times, waiting 1 s, 2 s, 4 s, … */
export function retrying(attempts: number, some: Partial<StepPolicy> = {}): StepPolicy {
  return policy({ retry: { ...policy().retry, attempts }, ...some });
}

/** A call whose input is the payload, unless said otherwise. */
export function call(path: string, some: Partial<CallNode> = {}): CallNode {
  return {
    kind: 'call',
    path,
    model: 'echo',
    input: valueAt('$payload'),
    context: { patches: [], nodes: [] },
    policy: policy(),
    tolerant: false,
    ...some,
  };
}

export function set(path: string, value: Expression): SetNode {
  return { kind: 'set', path, value };
}

export function fail(path: string, code: string, message?: Expression): FailNode {
  return { kind: 'fail', path, code, ...(message === undefined ? {} : { message }) };
}

export function pick(
  path: string,
  candidates: PickNode['candidates'],
  some: Partial<PickNode> = {},
): PickNode {
  return {
    kind: 'pick',
    path,
    candidates,
    choose: 'best',
    otherwise: { code: 'cascade_exhausted', message: 'No tier gave an answer.' },
    countFact: '$tiers',
    ...some,
  };
}

export function sequence(...items: readonly Kernel[]): SequenceNode {
  return { kind: 'sequence', items };
}

export function choice(
  arms: readonly (readonly [Expression | undefined, Kernel])[],
  otherwise: ChoiceNode['otherwise'] = 'no_route',
): ChoiceNode {
  return {
    kind: 'choice',
    arms: arms.map(([when, body]) => ({
      ...(when === undefined ? {} : { when }),
      body: sequence(body),
    })),
    otherwise,
    where: 'do[0].route',
  };
}

interface ScatterOptions {
  readonly join?: Join;
  readonly gather?: Gather;
  readonly concurrency?: number;
  readonly patchKey?: string;
}

/** A branch whose value is the one under `<scatter>/<id>`. */
export function branch(scatter: string, id: string, ...items: readonly Kernel[]): Branch {
  const path = `${scatter}/${id}`;
  return { id, body: sequence(...items), output: [path], patchKey: `${path}/$context` };
}

export function scatter(
  path: string,
  branches: readonly Branch[],
  options: ScatterOptions = {},
): ScatterNode {
  return {
    kind: 'scatter',
    path,
    over: { kind: 'branches', branches },
    concurrency: branches.length,
    join: { need: 'all' },
    gather: { kind: 'fields' },
    ...options,
  };
}

interface MapOptions extends ScatterOptions {
  readonly maxElements?: number;
}

/** One branch per element of `list`; its value is the one under `<path>/#/<output>`. */
export function map(
  path: string,
  list: Expression,
  { output, body }: { readonly output: string; readonly body: readonly Kernel[] },
  { maxElements = 1_000, ...options }: MapOptions = {},
): ScatterNode {
  return {
    kind: 'scatter',
    path,
    over: {
      kind: 'elements',
      list,
      itemKey: `${path}/#/$item`,
      maxElements,
      branch: {
        body: sequence(...body),
        output: [`${path}/#/${output}`],
        patchKey: `${path}/#/$context`,
      },
    },
    concurrency: 1_000,
    join: { need: 'all' },
    gather: { kind: 'list' },
    ...options,
  };
}

/** A flow that takes any payload; its models are those of its calls. */
export function flowOf(body: SequenceNode, some: Partial<CompiledFlow> = {}): CompiledFlow {
  return {
    name: 'test',
    version: 1,
    digest: 'digest-of-test',
    description: 'A flow of a test.',
    deadlineMs: 300_000,
    body,
    output: constant('done'),
    checkInput: () => [],
    models: modelsNeeded(body),
    mayCall: modelsCalled(body, undefined),
    ...some,
  };
}
