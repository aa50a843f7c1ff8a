import { canonicalJson } from '../../../../shared/envelope/canonical-json.ts';
import type { RunError } from '../../../../shared/envelope/envelope.ts';
import type { JsonObject, JsonValue } from '../../../../shared/envelope/json.ts';
import type { Expression, Gather, ScatterNode } from '../../../../shared/flow/kernel.ts';
import { absent } from '../decision.ts';
import type { Draft } from '../draft.ts';
import { type Evaluated, evaluate, evaluateNumber, type Site } from '../evaluate.ts';
import { peekFirst, requireRead, unlessUnread } from '../values.ts';
import { type BranchSite, branchAt } from './branch.ts';

/** The value that a join makes of its branches, and the `$` facts that go with it. */
export interface Gathered {
  readonly value: JsonValue;
  readonly facts: JsonObject;
}

interface Part {
  readonly branch: BranchSite;
  readonly index: number;
  /** undefined: the branch ended without a value. */
  readonly output: JsonValue | undefined;
  readonly site: Site;
}

/** What a join is gathered from. */
export interface Gathering {
  readonly node: ScatterNode;
  readonly path: string;
  readonly total: number;
  /** Indices of the branches that succeeded, ascending. */
  readonly succeeded: readonly number[];
  readonly indices: readonly number[];
}

/** Brings the branches' values together, in the order they are written in the flow. */
export function gather(gathering: Gathering, draft: Draft): Evaluated<Gathered> {
  const parts = partsOf(gathering, draft);
  const kind: Gather = gathering.node.gather;
  switch (kind.kind) {
    case 'fields':
      return gathered(
        Object.fromEntries(parts.map(({ branch, output }) => [branch.id, output ?? null])),
      );
    case 'list':
      return list(parts, gathering.total, kind.value, draft);
    case 'vote':
      return vote(withOutput(parts), kind, gathering.path, draft);
    case 'best':
      return best(withOutput(parts), kind, gathering.path, draft);
  }
}

function partsOf({ node, path, succeeded, indices }: Gathering, draft: Draft): readonly Part[] {
  const parts = succeeded.map((index) => {
    const branch = branchAt(node, index, indices);
    const value = peekFirst(branch.output, branch.indices, draft);
    const output = value === absent ? undefined : value;
    const names = { output: output ?? null, branch: branch.label };
    return { branch, index, output, site: { step: path, indices: branch.indices, names } };
  });
  requireRead(draft);
  return parts;
}

function list(
  parts: readonly Part[],
  total: number,
  value: Expression | undefined,
  draft: Draft,
): Evaluated<Gathered> {
  const items: JsonValue[] = new Array<JsonValue>(total).fill(null);
  const mapped = evaluateEach(parts, draft, ({ site, output }) =>
    value === undefined ? { ok: true, value: output ?? null } : evaluate(value, site, draft),
  );
  if (!mapped.ok) return mapped;
  for (const [position, { index }] of parts.entries()) {
    items[index] = mapped.value[position] ?? null;
  }
  return gathered(items);
}

function vote(
  parts: readonly Part[],
  { by, weight }: Gather & { readonly kind: 'vote' },
  path: string,
  draft: Draft,
): Evaluated<Gathered> {
  const choices = evaluateEach(parts, draft, ({ site }) => evaluate(by, site, draft));
  if (!choices.ok) return choices;
  const weights = evaluateEach(parts, draft, ({ site }) =>
    weight === undefined ? { ok: true, value: 1 } : evaluateNumber(weight, site, draft),
  );
  if (!weights.ok) return weights;
  const votes = new Map<string, { weight: number; readonly output: JsonValue }>();
  for (const [position, { output }] of parts.entries()) {
    const name = ballotOf(choices.value[position] ?? null);
    const entry = votes.get(name) ?? { weight: 0, output: output ?? null };
    entry.weight += weights.value[position] ?? 0;
    votes.set(name, entry);
  }
  // Entries are in the order of the branches that voted for them first: so are ties decided.
  const winner = highest([...votes.values()], (entry) => entry.weight);
  if (winner === undefined) return nothingToGather(path);
  const tally = [...votes].map(([name, entry]) => [name, entry.weight] as const);
  return gathered(winner.output, { $votes: Object.fromEntries(tally) });
}

function best(
  parts: readonly Part[],
  { score }: Gather & { readonly kind: 'best' },
  path: string,
  draft: Draft,
): Evaluated<Gathered> {
  const scores = evaluateEach(parts, draft, ({ site }) => evaluateNumber(score, site, draft));
  if (!scores.ok) return scores;
  const scored = parts.map((part, position) => ({ part, score: scores.value[position] ?? 0 }));
  const winner = highest(scored, (entry) => entry.score);
  if (winner === undefined) return nothingToGather(path);
  const all = scored.map((entry) => [entry.part.branch.id, entry.score] as const);
  return gathered(winner.part.output ?? null, {
    $scores: Object.fromEntries(all),
    $branch: winner.part.branch.label,
  });
}

/** One value per part, or the first error; parts that lack values are asked for together. */
function evaluateEach<T>(
  parts: readonly Part[],
  draft: Draft,
  evaluatePart: (part: Part) => Evaluated<T>,
): Evaluated<readonly T[]> {
  const values: T[] = [];
  let error: RunError | undefined;
  for (const part of parts) {
    const evaluated = unlessUnread(() => evaluatePart(part));
    if (evaluated === undefined) continue;
    if (evaluated.ok) values.push(evaluated.value);
    else error ??= evaluated.error;
  }
  requireRead(draft);
  return error === undefined ? { ok: true, value: values } : { ok: false, error };
}

/** The first on a tie. */
function highest<T>(entries: readonly T[], by: (entry: T) => number): T | undefined {
  return entries.reduce<T | undefined>(
    (top, entry) => (top === undefined || by(entry) > by(top) ? entry : top),
    undefined,
  );
}

function ballotOf(choice: JsonValue): string {
  return typeof choice === 'string' ? choice : canonicalJson(choice);
}

function withOutput(parts: readonly Part[]): readonly Part[] {
  return parts.filter(({ output }) => output !== undefined);
}

function gathered(value: JsonValue, facts: JsonObject = {}): Evaluated<Gathered> {
  return { ok: true, value: { value, facts } };
}

function nothingToGather(path: string): Evaluated<Gathered> {
  const message = `No branch of ${path} gave a value.`;
  return { ok: false, error: { code: 'join_empty', message, step: path } };
}
