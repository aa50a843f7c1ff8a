import type { JsonObject, JsonValue } from '../../../shared/envelope/json.ts';
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
    do: nodes.map(nodeDocument),
    output: {
      ...Object.fromEntries(numbers.map((id) => [id, `context.${id}.x`])),
      ...Object.fromEntries(lists.map((id) => [id, `context.${id}`])),
    },
  };
}

/** Enough attempts that a run fails only when something is wrong: one in ten fails on purpose. */
const policy = {
  timeout: '10s',
  retry: { attempts: 15, initial: '20ms', factor: 1.5, max: '1s', jitter: 'full' },
};

function nodeDocument(node: Node): JsonObject {
  switch (node.kind) {
    case 'step':
      return { step: node.id, ...callDocument(node.model, node.input, node.tag) };
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
          ...callDocument(node.model, node.input),
        })),
        join: { need: node.need },
        merge: 'vote',
      };
    case 'refine': {
      const improved = { x: 'context.draft.x', y: 'context.critic.x' };
      return {
        refine: node.id,
        draft: callDocument(node.draft, node.input),
        critic: { model: node.critic, input: { x: 'context.draft.x', y: 1 }, ...policy },
        improve: { model: node.improve, input: improved, ...policy },
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
        ...policy,
        accept: `output.x >= ${node.accept}`,
        otherwise: node.otherwise,
        ...(node.otherwise === 'best' ? { score: 'output.x' } : {}),
      };
    case 'map':
      return {
        map: node.id,
        over: 'payload.list',
        as: 'element',
        concurrency: 3,
        do: {
          step: `${node.id}Each`,
          model: node.model,
          input: { x: 'element', y: value(node.y) },
          ...policy,
        },
        collect: 'output.x',
      };
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

function callDocument(model: string, input: Arguments, tag?: string): JsonObject {
  const given = argumentsDocument(input);
  return {
    model,
    input: tag === undefined ? given : { ...given, tag: { $text: tag } },
    ...policy,
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
