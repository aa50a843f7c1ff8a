import { functions } from '../models/arithmetic.ts';
import type { Arguments, Expected, FlowShape, Node, Payload, Source } from './shape.ts';

/** How a run of a flow must end: computed from the shape alone, by other code than the fleet's. */
export function evaluate({ nodes, numbers, lists }: FlowShape, payload: Payload): Expected {
  const state: State = {
    payload,
    numbers: new Map(),
    lists: new Map(),
    tags: new Map(),
    patched: new Map(),
  };
  const code = evaluateList(nodes, state);
  if (code !== undefined) return { status: 'failed', code };
  return {
    status: 'succeeded',
    output: {
      ...Object.fromEntries(numbers.map((id) => [id, state.numbers.get(id)])),
      ...Object.fromEntries(lists.map((id) => [id, state.lists.get(id)])),
    },
  };
}

interface State {
  readonly payload: Payload;
  readonly numbers: Map<string, number>;
  readonly lists: Map<string, readonly number[]>;
  /** What the context holds beside the nodes. */
  readonly tags: Map<string, number>;
  /** What this branch has put there. */
  readonly patched: Map<string, number>;
}

/** The code with which the run ends, or undefined where it goes on. */
function evaluateList(nodes: readonly Node[], state: State): string | undefined {
  for (const node of nodes) {
    const code = evaluateNode(node, state);
    if (code !== undefined) return code;
  }
  return undefined;
}

function evaluateNode(node: Node, state: State): string | undefined {
  switch (node.kind) {
    case 'step': {
      const answer = call(node.model, node.input, state);
      state.numbers.set(node.id, answer);
      if (node.tag !== undefined) patch(node.tag, answer, state);
      return undefined;
    }
    case 'route':
      return evaluateList(read(node.on, state) < node.below ? node.low : node.high, state);
    case 'parallel':
      return evaluateParallel(node.branches, state);
    case 'vote':
      state.numbers.set(node.id, call(node.model, node.input, state));
      return undefined;
    case 'refine':
      state.numbers.set(node.id, refined(node, state));
      return undefined;
    case 'cascade':
      state.numbers.set(node.id, cascaded(node, state));
      return undefined;
    case 'map': {
      const y = read(node.y, state);
      const list = state.payload.list.map((element) => functions[node.model](element, y));
      state.lists.set(node.id, list);
      return undefined;
    }
    case 'set':
      state.numbers.set(node.id, read(node.x, state));
      return undefined;
    case 'fail':
      return read(node.on, state) < node.below ? node.code : undefined;
  }
}

/** Branches see what was before them, not each other; their patches are applied in the order written. */
function evaluateParallel(
  branches: readonly { readonly nodes: readonly Node[] }[],
  state: State,
): string | undefined {
  const patched: [string, number][] = [];
  for (const { nodes } of branches) {
    const own: State = { ...state, tags: new Map(state.tags), patched: new Map() };
    const code = evaluateList(nodes, own);
    if (code !== undefined) return code;
    patched.push(...own.patched);
  }
  for (const [key, value] of patched) patch(key, value, state);
  return undefined;
}

function patch(key: string, value: number, { tags, patched }: State): void {
  tags.set(key, value);
  patched.set(key, value);
}

function refined(node: Extract<Node, { kind: 'refine' }>, state: State): number {
  let draft = call(node.draft, node.input, state);
  let best = { draft, score: -1 };
  for (let round = 1; ; round += 1) {
    const score = functions[node.critic](draft, 1);
    if (score > best.score) best = { draft, score };
    if (round === node.rounds || score >= node.until) return best.draft;
    draft = functions[node.improve](draft, score);
  }
}

function cascaded(node: Extract<Node, { kind: 'cascade' }>, state: State): number {
  const answers: number[] = [];
  for (const model of node.models) {
    const answer = call(model, node.input, state);
    if (answer >= node.accept) return answer;
    answers.push(answer);
  }
  return node.otherwise === 'best' ? Math.max(...answers) : (answers.at(-1) ?? 0);
}

function call(model: keyof typeof functions, input: Arguments, state: State): number {
  return functions[model](read(input.x, state), read(input.y, state));
}

function read(source: Source, state: State): number {
  switch (source.from) {
    case 'payload':
      return state.payload[source.field];
    case 'node':
      return known(state.numbers.get(source.id), source.id);
    case 'list':
      return known(state.lists.get(source.id)?.[0], source.id);
    case 'patch':
      return state.tags.get(source.key) ?? source.otherwise;
    case 'constant':
      return source.value;
  }
}

function known(value: number | undefined, id: string): number {
  if (value === undefined) throw new Error(`The flow reads ${id} before it is there.`);
  return value;
}
