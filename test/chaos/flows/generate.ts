import { modelNames, PRIME } from '../models/arithmetic.ts';
import { Random } from '../plan/random.ts';
import type { Arguments, FlowShape, Node, Payload, Source } from './shape.ts';

const MAX_STEPS = 20;
/** Steps of the largest node. */
const LARGEST_NODE = 4;
const FLOWS = 24;
/** How deep nodes are in nodes. */
const DEPTH = 2;

/** The flows of a seed. */
export function randomFlows(seed: number): readonly FlowShape[] {
  return Array.from({ length: FLOWS }, (_, index) => {
    const name = `chaos-${index}`;
    return new FlowBuilder(new Random(seed, name)).build(name);
  });
}

/** Which flow a job is for, and with what. */
export function randomJob(
  seed: number,
  number: number,
  flows: readonly FlowShape[],
): { readonly id: string; readonly flow: FlowShape; readonly payload: Payload } {
  const random = new Random(seed, `job ${number}`);
  const list = Array.from({ length: 1 + random.below(5) }, () => random.below(PRIME));
  const payload = { x: random.below(PRIME), y: random.below(PRIME), list };
  return { id: `chaos-${seed}-${number}`, flow: random.pick(flows), payload };
}

/** What can be read where a node is built. */
interface Scope {
  readonly numbers: readonly string[];
  readonly lists: readonly string[];
  readonly tags: readonly string[];
}

interface Built {
  readonly nodes: readonly Node[];
  readonly scope: Scope;
}

class FlowBuilder {
  readonly #random: Random;
  #ids = 0;
  #steps = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  build(name: string): FlowShape {
    const empty: Scope = { numbers: [], lists: [], tags: [] };
    const { nodes, scope } = this.#list(2 + this.#random.below(5), empty, DEPTH);
    return { name, nodes, numbers: scope.numbers, lists: scope.lists };
  }

  #list(length: number, before: Scope, depth: number): Built {
    const nodes: Node[] = [];
    let scope = before;
    for (let at = 0; at < length && this.#steps < MAX_STEPS - LARGEST_NODE; at += 1) {
      const built = this.#node(scope, depth);
      nodes.push(...built.nodes);
      scope = built.scope;
    }
    return { nodes, scope };
  }

  #node(scope: Scope, depth: number): Built {
    const dice = this.#random.below(100);
    if (depth > 0 && dice < 18) return this.#parallel(scope, depth);
    if (depth > 0 && dice < 30) return this.#route(scope, depth);
    if (dice < 40) return this.#vote(scope);
    if (dice < 48) return this.#refine(scope);
    if (dice < 56) return this.#cascade(scope);
    if (dice < 66) return this.#map(scope);
    if (dice < 70) return added({ kind: 'set', id: this.#id(), x: this.#source(scope) }, scope);
    // Only where no other branch runs: which of two codes a run ends with would be chance.
    if (dice < 72 && depth === DEPTH) return this.#fail(scope);
    return this.#step(scope, this.#id());
  }

  #step(scope: Scope, id: string): Built {
    this.#steps += 1;
    const input = this.#input(scope);
    const model = this.#random.pick(modelNames);
    if (!this.#random.chance(25)) return added({ kind: 'step', id, model, input }, scope);
    // A key that was used before is overwritten.
    const tag = `tag${this.#random.below(3)}`;
    const built = added({ kind: 'step', id, model, input, tag }, scope);
    return { ...built, scope: { ...built.scope, tags: [...scope.tags, tag] } };
  }

  #parallel(scope: Scope, depth: number): Built {
    const id = this.#id();
    let after = scope;
    const branches = Array.from({ length: 2 + this.#random.below(3) }, () => {
      const branch = this.#id();
      const first = this.#step(scope, this.#id());
      const rest = this.#list(this.#random.below(3), first.scope, depth - 1);
      after = {
        numbers: [...after.numbers, ...rest.scope.numbers.slice(scope.numbers.length)],
        lists: [...after.lists, ...rest.scope.lists.slice(scope.lists.length)],
        tags: [...after.tags, ...rest.scope.tags.slice(scope.tags.length)],
      };
      return { id: branch, nodes: [...first.nodes, ...rest.nodes] };
    });
    return { nodes: [{ kind: 'parallel', id, branches }], scope: after };
  }

  #route(scope: Scope, depth: number): Built {
    const id = this.#id();
    const on = this.#source(scope);
    const below = this.#random.below(PRIME);
    const arms = [0, 1].map(() => {
      const first = this.#list(this.#random.below(2), scope, depth - 1);
      const last = this.#step(first.scope, id);
      return { nodes: [...first.nodes, ...last.nodes], tags: last.scope.tags };
    });
    const [low, high] = arms.map(({ nodes }) => nodes) as [Node[], Node[]];
    const node: Node = { kind: 'route', id, on, below, low, high };
    const tags = arms.flatMap((arm) => arm.tags);
    return { nodes: [node], scope: { ...scope, numbers: [...scope.numbers, id], tags } };
  }

  #vote(scope: Scope): Built {
    const copies = 2 + this.#random.below(3);
    this.#steps += copies;
    const model = this.#random.pick(modelNames);
    const need = 1 + this.#random.below(copies);
    const input = this.#input(scope);
    return added({ kind: 'vote', id: this.#id(), model, input, copies, need }, scope);
  }

  #refine(scope: Scope): Built {
    this.#steps += 3;
    const pick = () => this.#random.pick(modelNames);
    return added(
      {
        kind: 'refine',
        id: this.#id(),
        input: this.#input(scope),
        draft: pick(),
        critic: pick(),
        improve: pick(),
        until: this.#random.below(PRIME),
        rounds: 2 + this.#random.below(2),
      },
      scope,
    );
  }

  #cascade(scope: Scope): Built {
    const models = this.#random.shuffle(modelNames).slice(0, 2 + this.#random.below(2));
    this.#steps += models.length;
    const accept = this.#random.below(PRIME);
    const otherwise = this.#random.chance(50) ? 'last' : 'best';
    const input = this.#input(scope);
    return added({ kind: 'cascade', id: this.#id(), input, models, accept, otherwise }, scope);
  }

  #map(scope: Scope): Built {
    this.#steps += 1;
    const id = this.#id();
    const model = this.#random.pick(modelNames);
    const node: Node = { kind: 'map', id, model, y: this.#source(scope) };
    return { nodes: [node], scope: { ...scope, lists: [...scope.lists, id] } };
  }

  #fail(scope: Scope): Built {
    const below = this.#random.below(PRIME / 10);
    const node: Node = { kind: 'fail', code: 'made_to_end', on: this.#source(scope), below };
    return { nodes: [node], scope };
  }

  #input(scope: Scope): Arguments {
    return { x: this.#source(scope), y: this.#source(scope) };
  }

  /** Late values are likelier than early ones, so that flows are deep. */
  #source(scope: Scope): Source {
    const dice = this.#random.below(100);
    const { numbers, lists, tags } = scope;
    if (dice < 50 && numbers.length > 0) {
      const latest = numbers.slice(-2);
      return { from: 'node', id: this.#random.pick(this.#random.chance(70) ? latest : numbers) };
    }
    if (dice < 62 && lists.length > 0) return { from: 'list', id: this.#random.pick(lists) };
    if (dice < 80 && tags.length > 0) {
      const otherwise = this.#random.below(PRIME);
      return { from: 'patch', key: this.#random.pick(tags), otherwise };
    }
    if (dice < 85) return { from: 'constant', value: this.#random.below(PRIME) };
    return { from: 'payload', field: this.#random.chance(50) ? 'x' : 'y' };
  }

  #id(): string {
    this.#ids += 1;
    return `n${this.#ids}`;
  }
}

function added(node: Node & { readonly id: string }, scope: Scope): Built {
  return { nodes: [node], scope: { ...scope, numbers: [...scope.numbers, node.id] } };
}
