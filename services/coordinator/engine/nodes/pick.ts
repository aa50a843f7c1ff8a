import { isJsonObject, type JsonObject, type JsonValue } from '../../../../shared/envelope/json.ts';
import type { PickNode } from '../../../../shared/flow/kernel.ts';
import { absent } from '../decision.ts';
import { type Draft, done, failed, type NodeOutcome } from '../draft.ts';
import { indexOf } from '../flow-index.ts';
import { keyOf } from '../keys.ts';
import { peek, requireRead, writeFacts } from '../values.ts';

interface Candidate {
  readonly output: JsonValue;
  readonly score: number;
  /** Those of the node that wrote it. */
  readonly facts: JsonObject;
}

export function pick(node: PickNode, indices: readonly number[], draft: Draft): NodeOutcome {
  const path = keyOf(node.path, indices);
  const candidates = candidatesOf(node, indices, draft);
  const chosen = node.choose === 'last' ? candidates.at(-1) : bestOf(candidates);
  if (chosen === undefined) return failed(node.otherwise.code, node.otherwise.message, path);
  draft.written.set(path, chosen.output);
  draft.history.push({ type: 'value_written', path });
  const facts = { ...chosen.facts, [node.countFact]: candidates.length };
  writeFacts(node.path, facts, indices, draft);
  return done;
}

/** Those that have a value, in order. */
function candidatesOf(
  node: PickNode,
  indices: readonly number[],
  draft: Draft,
): readonly Candidate[] {
  const candidates: Candidate[] = [];
  const { factsRead } = indexOf(draft.facts.flow);
  for (const { output: outputKey, score: scoreKey } of node.candidates) {
    const output = peek(keyOf(outputKey, indices), draft);
    const factsKey = `${outputKey}/$facts`;
    const facts = factsRead.has(factsKey) ? peek(keyOf(factsKey, indices), draft) : absent;
    const score = scoreKey === undefined ? absent : peek(keyOf(scoreKey, indices), draft);
    if (output === undefined || output === absent) continue;
    candidates.push({
      output,
      score: typeof score === 'number' ? score : -Infinity,
      facts: isJsonObject(facts) ? facts : {},
    });
  }
  requireRead(draft);
  return candidates;
}

/** The earlier one on a tie. */
function bestOf(candidates: readonly Candidate[]): Candidate | undefined {
  return candidates.reduce<Candidate | undefined>(
    (best, candidate) => (best === undefined || candidate.score > best.score ? candidate : best),
    undefined,
  );
}
