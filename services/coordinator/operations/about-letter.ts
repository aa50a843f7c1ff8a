import type { LetterDetails, LetterSummary } from '../../../shared/client/verbs.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { redact } from '../dead-letters/redact.ts';
import type { DeadLetterRow } from '../store/store.ts';
import { instantOf } from './about-run.ts';

/** A dead letter at a glance. */
export function aboutLetter(row: DeadLetterRow): LetterSummary {
  const { id, kind, status, code, message, runId: run, path, attempt, model, atMs } = row;
  return { id, kind, status, code, message, run, path, attempt, model, at: instantOf(atMs) };
}

/** All that anybody may see of it. */
export function letterDetails(row: DeadLetterRow): LetterDetails {
  const { body, input, trace } = row;
  const shown = input === null ? null : (redact(input) as JsonObject);
  return { ...aboutLetter(row), body, input: shown, trace: [...trace] };
}
