import { checkWithin, parseKey } from '../../../shared/artifacts/keys.ts';
import { referencesIn } from '../../../shared/artifacts/references.ts';
import type { JsonObject, JsonValue } from '../../../shared/envelope/json.ts';
import { MAX_MESSAGE_BYTES } from '../../../shared/envelope/limits.ts';
import { messageTooLarge } from '../../../shared/envelope/message-too-large.ts';
import { ContractError } from '../../../shared/errors/errors.ts';
import type { Run } from '../engine/run.ts';

/**
 * Nobody reads what is not theirs by naming it: a reference that comes from a client, an operator or a worker is taken only when its key
 * belongs to the run's tenant, and to the run or one that it goes on from. Throws ContractError `artifact_not_allowed`,
 * `reference_not_allowed`.
 */
export function checkOwnReferences(
  value: JsonValue,
  { id, tenant, continues }: Pick<Run, 'id' | 'tenant' | 'continues'>,
): void {
  for (const { reference } of referencesIn(value)) {
    const { run } = parseKey(reference.key);
    const inherited = continues?.run === run || continues?.before?.includes(run);
    checkWithin({ tenant, run: inherited ? run : id }, reference.key);
  }
}

/** What a job or a reply brings. */
interface Brought {
  readonly payload: JsonObject;
  readonly context: JsonObject;
}

/**
 * Whether a job or a reply of so many bytes may be taken in: no larger than a message may be, and with references of its run alone.
 * Throws ContractError `message_too_large`, and what `checkOwnReferences` throws. `what` names it in the sentence: "The job".
 */
export function checkBrought(
  what: string,
  { payload, context }: Brought,
  bytes: number,
  run: Pick<Run, 'id' | 'tenant' | 'continues'>,
): void {
  if (bytes > MAX_MESSAGE_BYTES) throw messageTooLarge(what, { payload, context }, bytes);
  checkOwnReferences(payload, run);
  checkOwnReferences(context, run);
}

/**
 * What has expired may be gone at any time, so a run that begins refers to none of it: the sweeper counts on that. Throws ContractError
 * `artifact_missing`, `reference_not_allowed`.
 */
export function checkFresh(value: JsonValue, nowMs: number): void {
  for (const { reference } of referencesIn(value)) {
    const { expiresAtMs } = parseKey(reference.key);
    if (expiresAtMs > nowMs) continue;
    throw new ContractError(
      'artifact_missing',
      `The artifact ${reference.key} expired at ${reference.expires}. Send the value again.`,
    );
  }
}
