import type { Compiled } from './compile-list.ts';
import { callFacts, compileCall } from './compile-step.ts';
import type { CascadeDefinition, ModelCall } from './definition.ts';
import { compileValue, isPresent, type Place } from './expression.ts';
import type { Expression, Kernel, KeyTemplate, PickNode, SequenceNode } from './kernel.ts';
import { at } from './problem.ts';
import { type Scope, withNode } from './scope.ts';

interface Tier {
  readonly key: KeyTemplate;
  readonly score: KeyTemplate;
  readonly call: ModelCall;
  readonly where: string;
  /** Where a key of its call is written: in the tier, or in the cascade. */
  whereOf(key: string): string;
}

/** Models in order until one answer is accepted; a tier whose call is spent is passed over. */
export function compileCascade(node: CascadeDefinition, place: Place): Compiled {
  const path = place.scope.prefix + node.cascade;
  const tiers = node.models.map((_, index) => tierOf(node, index, path, place));
  place.compilation.add(path, place.where);
  place.compilation.produce(path, { kind: 'any', keys: tiers.map(({ key }) => key) });
  return {
    items: tiersFrom(0, tiers, node, { ...place, path }),
    scope: withNode(place.scope, node.cascade, {
      keys: [path],
      factsKey: `${path}/$facts`,
      facts: ['$tiers', ...callFacts],
    }),
  };
}

/** What a tier leaves out is the cascade's. */
function tierOf(node: CascadeDefinition, index: number, path: KeyTemplate, place: Place): Tier {
  const own = node.models[index]!;
  const written = typeof own === 'string' ? { model: own } : own;
  const set = Object.fromEntries(
    Object.entries(written).filter(([, value]) => value !== undefined),
  );
  const key = `${path}/${index + 1}`;
  const where = at(place.where, 'models', index);
  return {
    key,
    score: `${key}/score`,
    call: { ...node, ...set, model: written.model },
    where,
    whereOf: (name) => {
      if (typeof own === 'string' && name === 'model') return where;
      return at(Object.hasOwn(set, name) ? where : place.where, name);
    },
  };
}

type CascadePlace = Place & { readonly path: KeyTemplate };

function tiersFrom(
  index: number,
  tiers: readonly Tier[],
  node: CascadeDefinition,
  place: CascadePlace,
): readonly Kernel[] {
  const tier = tiers[index];
  if (tier === undefined) return notAccepted(tiers, node, place);
  const { where, whereOf } = tier;
  const here = { ...place, where };
  const call = compileCall(tier.call, tier.key, here, { tolerant: true, whereOf });
  const accepted = pickOf(tiers.slice(0, index + 1), 'last', place);
  const arms = [
    { when: acceptOf(tier, node, place), body: sequence([accepted]) },
    { body: sequence(tiersFrom(index + 1, tiers, node, place)) },
  ];
  return [call, { kind: 'choice', arms, otherwise: 'skip', where: at(place.where, 'accept') }];
}

/** `accept` with the tier's answer as `output`; a tier without an answer is not accepted. */
function acceptOf(tier: Tier, node: CascadeDefinition, place: CascadePlace): Expression {
  const scope = withOutput(place.scope, tier.key);
  const { expression } = compileValue(node.accept, 'boolean', {
    ...place,
    scope,
    where: at(place.where, 'accept'),
  });
  const names = expression.reads.names.filter(({ name }) => name !== 'output');
  const reads = { ...expression.reads, names: [...names, { name: 'output', keys: [tier.key] }] };
  return {
    source: expression.source,
    reads,
    evaluate: (values) => values['output'] !== undefined && expression.evaluate(values),
  };
}

function notAccepted(
  tiers: readonly Tier[],
  node: CascadeDefinition,
  place: CascadePlace,
): readonly Kernel[] {
  if (node.otherwise === 'last') return [pickOf(tiers, 'last', place)];
  if (node.otherwise === 'fail') {
    const source = `No model of ${place.path} gave an answer that was accepted.`;
    const message: Expression = { source, reads: { names: [] }, evaluate: () => source };
    return [{ kind: 'fail', path: place.path, code: 'not_accepted', message }];
  }
  const scores = tiers.map((tier): Kernel => {
    const scope = withOutput(place.scope, tier.key);
    place.compilation.add(tier.score, place.where);
    const where = at(place.where, 'score');
    const value = compileValue(node.score ?? '0', 'number', { ...place, scope, where }).expression;
    const body = sequence([{ kind: 'set', path: tier.score, value }]);
    return {
      kind: 'choice',
      arms: [{ when: isPresent([tier.key]), body }],
      otherwise: 'skip',
      where,
    };
  });
  return [...scores, pickOf(tiers, 'best', place)];
}

function pickOf(tiers: readonly Tier[], choose: 'best' | 'last', { path }: CascadePlace): PickNode {
  return {
    kind: 'pick',
    path,
    candidates: tiers.map(({ key, score }) => ({
      output: key,
      ...(choose === 'best' ? { score } : {}),
    })),
    choose,
    otherwise: { code: 'cascade_failed', message: `Every model of ${path} failed.` },
    countFact: '$tiers',
  };
}

function withOutput(scope: Scope, key: KeyTemplate): Scope {
  return { ...scope, names: new Map(scope.names).set('output', [key]) };
}

function sequence(items: readonly Kernel[]): SequenceNode {
  return { kind: 'sequence', items };
}
