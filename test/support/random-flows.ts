import type fc from 'fast-check';
import type { JsonValue } from '../../shared/envelope/json.ts';
import type {
  Branch,
  CompiledFlow,
  Expression,
  Gather,
  Join,
  Kernel,
  KeyTemplate,
  StepPolicy,
} from '../../shared/flow/kernel.ts';
import {
  call,
  choice,
  constant,
  fail,
  flowOf,
  pick,
  policy,
  reading,
  sequence,
  set,
} from './kernel-builders.ts';
import { type RandomFlowOptions, randomShapes, type Shape } from './random-shapes.ts';

/** Random flows of up to four levels, with every kind of node and unique paths. */
export function randomFlows(options: RandomFlowOptions): fc.Arbitrary<CompiledFlow> {
  return randomShapes(options).map((shapes) => flowFrom(shapes, options.onlyAll));
}

/** What is visible where a node is built. */
interface Place {
  readonly prefix: string;
  readonly patches: readonly KeyTemplate[];
  /** Keys of the values written before, the latest last. */
  readonly before: readonly KeyTemplate[];
}

interface Built {
  readonly node: Kernel;
  readonly keys: readonly KeyTemplate[];
}

function flowFrom(shapes: readonly Shape[], endless: boolean): CompiledFlow {
  const root: Place = { prefix: '', patches: ['$context'], before: [] };
  const { node, keys } = build({ kind: 'list', items: shapes }, root, 'n');
  const names = Object.fromEntries(keys.map((key, position) => [`v${position}`, key]));
  return flowOf(sequence(node), {
    output: reading(names, (scope) => ({ ...scope })),
    ...(endless ? { deadlineMs: 10 ** 10 } : {}),
  });
}

function build(shape: Shape, place: Place, name: string): Built {
  const path = `${place.prefix}${name}`;
  const patchKey = place.patches.at(-1) ?? '$context';
  const inside: Place = { ...place, prefix: `${path}/` };
  switch (shape.kind) {
    case 'call':
      return {
        node: call(path, {
          input: reading({ before: place.before.at(-1) ?? '$payload' }, (scope) => ({
            before: scope['before'] ?? null,
          })),
          context: contextAt(place),
          tolerant: shape.tolerant,
          policy: policyOf(shape.attempts, shape.withinMs),
          ...(shape.patches ? { patchKey } : {}),
        }),
        keys: [path],
      };
    case 'set':
      return { node: set(path, digestOf(place)), keys: [path] };
    case 'fail':
      // Holds for some values only, so that flows with a failure in them are no lost cause.
      return {
        node: choice([[holdsFor(place, 0, 4), fail(path, 'made_to_fail')]], 'skip'),
        keys: [],
      };
    case 'cascade': {
      const tiers = Array.from({ length: shape.tiers }, (_, tier) => `${path}/tier-${tier}`);
      const calls = tiers.map((tier) => call(tier, { tolerant: true }));
      const candidates = tiers.map((tier) => ({ output: tier }));
      const chosen = pick(path, candidates, { choose: shape.choose });
      return { node: sequence(...calls, chosen), keys: [path] };
    }
    case 'list': {
      const nodes: Kernel[] = [];
      let here = inside;
      for (const [position, item] of shape.items.entries()) {
        const built = build(item, here, `n${position}`);
        nodes.push(built.node);
        here = { ...here, before: [...here.before, ...built.keys] };
      }
      return { node: sequence(...nodes), keys: here.before.slice(inside.before.length) };
    }
    case 'choice': {
      const arms = shape.arms.map((arm, position) => build(arm, inside, `arm${position}`));
      return {
        node: choice(
          arms.map(({ node }, position) => [
            position === arms.length - 1 && shape.total
              ? undefined
              : holdsFor(place, position, arms.length + 1),
            node,
          ]),
          'skip',
        ),
        keys: arms.flatMap(({ keys }) => keys),
      };
    }
    case 'scatter': {
      const branches = shape.branches.map((item, position): Branch => {
        const id = `b${position}`;
        const own = `${path}/${id}/$context`;
        const here = { ...inside, patches: [...place.patches, own] };
        const { node, keys } = build(item, here, id);
        return { id, body: sequence(node), output: keys.toReversed(), patchKey: own };
      });
      return {
        node: {
          kind: 'scatter',
          path,
          over: { kind: 'branches', branches },
          concurrency: shape.concurrency,
          join: within(shape.join, branches.length),
          gather: gatherOf(shape.gather),
          patchKey,
        },
        keys: [path],
      };
    }
    case 'elements': {
      const own = `${path}/#/$context`;
      const here: Place = {
        prefix: `${path}/#/`,
        patches: [...place.patches, own],
        before: [...place.before, `${path}/#/$item`],
      };
      const { node, keys } = build(shape.body, here, 'each');
      const list = Array.from({ length: shape.count }, (_, index) => ({ index }));
      return {
        node: {
          kind: 'scatter',
          path,
          over: {
            kind: 'elements',
            list: constant(list),
            itemKey: `${path}/#/$item`,
            maxElements: 10,
            branch: { body: sequence(node), output: keys.toReversed(), patchKey: own },
          },
          concurrency: shape.concurrency,
          join: within(shape.join, shape.count),
          gather: { kind: 'list' },
          patchKey,
        },
        keys: [path],
      };
    }
  }
}

/** Asks for one branch more than there is at most. */
function within(join: Join, branches: number): Join {
  return join.need === 'all' ? join : { ...join, need: Math.min(join.need, branches + 1) };
}

function contextAt({ patches, before }: Place) {
  return { patches, nodes: before.map((key, position) => ({ name: `v${position}`, keys: [key] })) };
}

function policyOf(attempts: number, withinMs: number | null): StepPolicy {
  const retry = {
    attempts,
    initialMs: 500,
    factor: 2,
    maxMs: 4_000,
    jitter: 'full',
    on: {},
  } as const;
  return policy({ retry, ...(withinMs === null ? {} : { withinMs }) });
}

/** A number made of the latest value and the context. */
function digestOf(place: Place): Expression {
  return {
    source: 'digest',
    reads: {
      names: [{ name: 'before', keys: [place.before.at(-1) ?? '$payload'] }],
      context: contextAt(place),
    },
    evaluate: (scope) =>
      hashOf(JSON.stringify([scope['before'] ?? null, scope['context'] ?? null])),
  };
}

function holdsFor(place: Place, position: number, of: number): Expression {
  const digest = digestOf(place);
  const holds = (value: JsonValue) => typeof value === 'number' && value % of === position;
  return { ...digest, evaluate: (scope) => holds(digest.evaluate(scope)) };
}

function gatherOf(kind: Gather['kind']): Gather {
  const output = (scope: Readonly<Record<string, JsonValue>>) => JSON.stringify(scope['output']);
  switch (kind) {
    case 'vote':
      return { kind, by: reading({}, (scope) => hashOf(output(scope)) % 2) };
    case 'best':
      return { kind, score: reading({}, (scope) => hashOf(output(scope)) % 3) };
    default:
      return { kind };
  }
}

/** A number that is always the same for the same text. */
export function hashOf(text: string): number {
  let hash = 7;
  for (let position = 0; position < text.length; position += 1) {
    hash = (Math.imul(hash, 31) + text.charCodeAt(position)) >>> 0;
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}
