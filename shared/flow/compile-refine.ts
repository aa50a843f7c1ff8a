import type { Compiled } from './compile-list.ts';
import { callFacts, compileCall } from './compile-step.ts';
import type { RefineDefinition } from './definition.ts';
import { compileValue, type Place } from './expression.ts';
import type { Kernel, KeyTemplate, PickNode } from './kernel.ts';
import { at } from './problem.ts';
import { type Scope, withNode } from './scope.ts';

/** Keys of one round; the draft of round 1 is `<id>/1/draft`, of every later one `<id>/2/improve`. */
interface Round {
  readonly number: number;
  readonly draft: KeyTemplate;
  readonly critic: KeyTemplate;
  readonly score: KeyTemplate;
}

/**
 * The loop is written out: draft, critic, score; until it is good enough or the rounds are spent: improve, critic, score.
 * Then the draft with the best score is picked. Rounds are part of the path, so they can never be mixed up.
 */
export function compileRefine(node: RefineDefinition, place: Place): Compiled {
  const path = place.scope.prefix + node.refine;
  const rounds = Array.from({ length: node.maxRounds }, (_, index) => roundOf(path, index + 1));
  place.compilation.add(path, place.where);
  const pick: PickNode = {
    kind: 'pick',
    path,
    candidates: rounds.map(({ draft, score }) => ({
      output: draft,
      ...(node.score === undefined ? {} : { score }),
    })),
    choose: node.score === undefined ? 'last' : 'best',
    otherwise: { code: 'no_draft', message: `No round of ${path} gave a draft.` },
    countFact: '$rounds',
  };
  place.compilation.produce(path, { kind: 'any', keys: rounds.map(({ draft }) => draft) });
  return {
    items: [...roundsFrom(0, rounds, node, place), pick],
    scope: withNode(place.scope, node.refine, {
      keys: [path],
      factsKey: `${path}/$facts`,
      facts: ['$rounds', ...callFacts],
    }),
  };
}

function roundOf(path: KeyTemplate, number: number): Round {
  const base = `${path}/${number}`;
  return {
    number,
    draft: `${base}/${number === 1 ? 'draft' : 'improve'}`,
    critic: `${base}/critic`,
    score: `${base}/score`,
  };
}

function roundsFrom(
  index: number,
  rounds: readonly Round[],
  node: RefineDefinition,
  place: Place,
): readonly Kernel[] {
  const round = rounds[index];
  if (round === undefined) return [];
  const isLast = index === rounds.length - 1;
  const items: Kernel[] = [draftCall(round, rounds[index - 1], node, place)];
  // Without a score the last critic would decide nothing.
  if (isLast && node.score === undefined) return items;
  items.push(criticCall(round, node, place));
  const judged = { ...place, scope: scopeOf(place.scope, round, round) };
  if (node.score !== undefined) {
    place.compilation.add(round.score, place.where);
    const value = compileValue(node.score, 'number', {
      ...judged,
      where: at(place.where, 'score'),
    }).expression;
    items.push({ kind: 'set', path: round.score, value });
  }
  if (isLast) return items;
  const rest = roundsFrom(index + 1, rounds, node, place);
  if (node.until === undefined) return [...items, ...rest];
  const when = compileValue(node.until, 'boolean', {
    ...judged,
    where: at(place.where, 'until'),
  }).expression;
  const arms = [
    { when, body: { kind: 'sequence', items: [] } },
    { body: { kind: 'sequence', items: rest } },
  ] as const;
  items.push({ kind: 'choice', arms, otherwise: 'skip', where: at(place.where, 'until') });
  return items;
}

/** Round 1 drafts; a later one improves what the round before it wrote and was told. */
function draftCall(
  round: Round,
  before: Round | undefined,
  node: RefineDefinition,
  place: Place,
): Kernel {
  if (before === undefined) {
    const scope = withRound(place.scope, round.number);
    return compileCall(node.draft, round.draft, {
      ...place,
      scope,
      where: at(place.where, 'draft'),
    });
  }
  const scope = scopeOf(place.scope, before, round);
  return compileCall(node.improve, round.draft, {
    ...place,
    scope,
    where: at(place.where, 'improve'),
  });
}

function criticCall(round: Round, node: RefineDefinition, place: Place): Kernel {
  const scope = withNode(withRound(place.scope, round.number), 'draft', local(round.draft));
  return compileCall(node.critic, round.critic, {
    ...place,
    scope,
    where: at(place.where, 'critic'),
  });
}

/** `context.draft` and `context.critic` of one round, seen from another. */
function scopeOf(outer: Scope, seen: Round, from: Round): Scope {
  const scope = withNode(withRound(outer, from.number), 'draft', local(seen.draft));
  return withNode(scope, 'critic', local(seen.critic));
}

function local(key: KeyTemplate) {
  return { keys: [key], factsKey: `${key}/$facts`, facts: callFacts };
}

function withRound(scope: Scope, round: number): Scope {
  return { ...scope, constants: new Map(scope.constants).set('round', round) };
}
