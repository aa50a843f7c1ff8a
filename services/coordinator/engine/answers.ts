import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../shared/envelope/canonical-json.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import type { AnswerFacts } from './decision.ts';
import type { Draft } from './draft.ts';
import { requireRead } from './values.ts';

/** A question that several runs may ask. */
export interface Question {
  /** Tenants never share an answer. */
  readonly tenant: string;
  readonly model: string;
  readonly version: number;
  readonly input: JsonObject;
}

/** Names the answer to a question: SHA-256 (hex) of its canonical JSON. */
export function answerKeyOf({ tenant, model, version, input }: Question): string {
  const text = canonicalJson({ tenant, model, version, input });
  return createHash('sha256').update(text).digest('hex');
}

/** What is known of a shared answer, as this decision leaves it; gives the decision up when it has not been read. */
export function lookUpAnswer(key: string, draft: Draft): AnswerFacts {
  const known = draft.facts.answers?.get(key);
  if (known === undefined) {
    draft.unreadAnswers.add(key);
    requireRead(draft);
    return {};
  }
  const latest = draft.commands.findLast((command) => 'key' in command && command.key === key);
  if (latest?.type === 'claimAnswer') return { ...known, comingUntilMs: latest.untilMs };
  if (latest?.type !== 'releaseAnswer') return known;
  const { kept } = known;
  return kept === undefined ? {} : { kept };
}
