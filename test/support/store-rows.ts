import type {
  AnswerClaim,
  AnswerRow,
  DeadLetterRow,
  PlaceKey,
  PlaceRow,
} from '../../services/coordinator/store/store.ts';

/** An answer that is kept for a day. */
export function anAnswer(key: string, overrides: Partial<AnswerRow> = {}): AnswerRow {
  return { key, output: { text: 'hé 🚢\0' }, atMs: 1_000, keepUntilMs: 86_400_000, ...overrides };
}

/** A claim on an answer from 1,000 to 2,000. */
export function aClaim(
  key: string,
  runId: string,
  overrides: Partial<AnswerClaim> = {},
): AnswerClaim {
  return { key, runId, sinceMs: 1_000, untilMs: 2_000, ...overrides };
}

/** The first attempt of a step, waiting for `echo`. */
export function aPlace(runId: string, overrides: Partial<PlaceRow> = {}): PlaceRow {
  return {
    runId,
    path: 'step',
    attempt: 1,
    model: 'echo',
    tenant: 'default',
    priority: 1,
    sinceMs: 1_000,
    tokens: 10,
    ...overrides,
  };
}

export function placeKey({ runId, path, attempt }: PlaceKey): PlaceKey {
  return { runId, path, attempt };
}

/** An open dead letter of a step that failed. */
export function aDeadLetter(id: string, overrides: Partial<DeadLetterRow> = {}): DeadLetterRow {
  return {
    id,
    kind: 'failed',
    code: 'attempts_exhausted',
    message: 'It failed three times.',
    runId: 'run-1',
    path: 'step',
    attempt: 3,
    model: 'echo',
    atMs: 1_000,
    body: '{"text":"hé 🚢"}',
    input: { text: 'a' },
    status: 'open',
    trace: [],
    ...overrides,
  };
}
