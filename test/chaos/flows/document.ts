import type { JsonObject, JsonValue } from '../../../shared/envelope/json.ts';
import { BROKEN, BUDGET_MICRO_USD, DEAR } from '../models/arithmetic.ts';
import { mixed } from '../plan/random.ts';
import type { Arguments, FlowShape, Node, Source } from './shape.ts';

/** A flow as its author would write it: the text of a flow file. */
export function flowDocument({ name, nodes, numbers, lists }: FlowShape): JsonObject {
  const integer = { type: 'integer' };
  return {
    flow: name,
    version: 1,
    description: 'A random flow whose answer can be computed.',
    input: {
      type: 'object',
      required: ['x', 'y', 'list'],
      properties: { x: integer, y: integer, list: { type: 'array', items: integer } },
    },
    // Longer than any outage of a run: what is not done by then was lost.
    deadline: '30m',
    // Calls and seconds are never spent; they are counted all the same. Money is.
    budget: { calls: 100_000, seconds: 1_000_000, usd: BUDGET_MICRO_USD / 1_000_000 },
    do: nodes.map(nodeDocument),
    output: {
      ...Object.fromEntries(numbers.map((id) => [id, `context.${id}.x`])),
      ...Object.fromEntries(lists.map((id) => [id, `context.${id}`])),
    },
  };
}

/** Enough attempts that a run fails only when something is wrong: one in ten fails on purpose. */
const patient = {
  timeout: '10s',
  retry: {
    attempts: 15,
    initial: '20ms',
    factor: 1.5,
    max: '1s',
    jitter: 'full',
    on: { output_invalid: 15 },
  },
  validate: { reask: 2 },
} as const;

/** Far more failures than the others ever have: it opens for who always fails. */
const breaker = { failureRate: 0.9, minCalls: 10, window: '30s', openFor: '1s', probes: 2 };

/**
 * A step's policy, decided by where it is: patient alone, with a cache, with a ladder of which each rung is left at its first
 * failure, behind a model that always fails until its breaker is open, or behind one that costs more than a run may spend. No
 * policy changes a value: what stands in for a model computes the same. What it says of model and input goes before the step's.
 */
function policyOf(place: string, model: string, input: JsonObject): JsonObject {
  const dice = mixed(`policy ${place}`) % 10;
  if (dice < 3) return { ...patient, cache: '1m' };
  if (dice < 6) {
    const retry = { ...patient.retry, on: { made_to_fail: 1, output_invalid: 1 } };
    // The model does not mind the number; without it the rungs would be the same.
    const rungs = Array.from({ length: 9 }, (_, rung) => ({ model, input: { ...input, rung } }));
    return { ...patient, retry, fallback: rungs };
  }
  const fallback = [{ model, input }];
  if (dice < 7) {
    const retry = { ...patient.retry, on: { ...patient.retry.on, always_broken: 1 } };
    return { ...patient, retry, model: BROKEN, fallback, breaker };
  }
  if (dice < 8)
    return { ...patient, model: DEAR, input: { ...input, of: { $text: model } }, fallback };
  return patient;
}

function nodeDocument(node: Node): JsonObject {
  switch (node.kind) {
    case 'step':
      return { step: node.id, ...callDocument(node.id, node.model, node.input, node.tag) };
    case 'route':
      return {
        route: [
          { when: `${expression(node.on)} < ${node.below}`, do: node.low.map(nodeDocument) },
          { do: node.high.map(nodeDocument) },
        ],
      };
    case 'parallel':
      return {
        parallel: node.id,
        branches: node.branches.map(({ id, nodes }) => ({
          branch: id,
          do: nodes.map(nodeDocument),
        })),
      };
    case 'vote':
      return {
        parallel: node.id,
        branches: Array.from({ length: node.copies }, (_, copy) => ({
          step: `${node.id}v${copy}`,
          ...callDocument(`${node.id}v${copy}`, node.model, node.input),
        })),
        join: { need: node.need },
        merge: 'vote',
      };
    case 'refine': {
      const drafted = { x: 'context.draft.x', y: 1 };
      const improved = { x: 'context.draft.x', y: 'context.critic.x' };
      return {
        refine: node.id,
        draft: callDocument(`${node.id}draft`, node.draft, node.input),
        critic: {
          model: node.critic,
          input: drafted,
          ...policyOf(`${node.id}critic`, node.critic, drafted),
        },
        improve: {
          model: node.improve,
          input: improved,
          ...policyOf(`${node.id}improve`, node.improve, improved),
        },
        score: 'context.critic.x',
        until: `context.critic.x >= ${node.until}`,
        maxRounds: node.rounds,
      };
    }
    case 'cascade':
      return {
        cascade: node.id,
        models: [...node.models],
        input: argumentsDocument(node.input),
        ...patient,
        accept: `output.x >= ${node.accept}`,
        otherwise: node.otherwise,
        ...(node.otherwise === 'best' ? { score: 'output.x' } : {}),
      };
    case 'map': {
      const input = { x: 'element', y: value(node.y) };
      return {
        map: node.id,
        over: 'payload.list',
        as: 'element',
        concurrency: 3,
        do: {
          step: `${node.id}Each`,
          model: node.model,
          input,
          ...policyOf(node.id, node.model, input),
        },
        collect: 'output.x',
      };
    }
    case 'set':
      return { set: node.id, value: { x: value(node.x) } };
    case 'fail':
      return {
        route: [
          { when: `${expression(node.on)} < ${node.below}`, do: [{ fail: node.code }] },
          { do: [] },
        ],
      };
  }
}

function callDocument(place: string, model: string, input: Arguments, tag?: string): JsonObject {
  const numbers = argumentsDocument(input);
  const given = tag === undefined ? numbers : { ...numbers, tag: { $text: tag } };
  return {
    model,
    input: given,
    ...policyOf(place, model, given),
  };
}

function argumentsDocument({ x, y }: Arguments): JsonObject {
  return { x: value(x), y: value(y) };
}

function value(source: Source): JsonValue {
  return source.from === 'constant' ? source.value : expression(source);
}

function expression(source: Source): string {
  switch (source.from) {
    case 'payload':
      return `payload.${source.field}`;
    case 'node':
      return `context.${source.id}.x`;
    case 'list':
      return `context.${source.id}[0]`;
    case 'patch':
      return `context.?${source.key}.orValue(${source.otherwise})`;
    case 'constant':
      return String(source.value);
  }
}
