import { ContractError, PermanentError, TransientError } from '../errors/errors.ts';
import type { ArtifactReference } from './reference.ts';

/** Every error of an artifact store. None quotes what an artifact holds. */

/** `bad_artifact_key`: not a key of ours, or not one that may be used here. */
export function badArtifactKey(problem: string): ContractError {
  return new ContractError('bad_artifact_key', `The artifact key ${problem}.`);
}

/** `artifact_not_allowed`: a key of another tenant, run or model. */
export function artifactNotAllowed(problem: string): ContractError {
  return new ContractError('artifact_not_allowed', `The artifact ${problem}.`);
}

/** `artifact_missing`: expired, deleted, or never there. */
export function artifactMissing({ store, key }: { store: string; key: string }): PermanentError {
  return new PermanentError(
    'artifact_missing',
    `The artifact ${key} is not in the store ${store}. It has expired or was deleted: send the value again.`,
    { details: { store, key } },
  );
}

/** `artifact_corrupt`: the bytes in the store are not those the reference was made for. */
export function artifactCorrupt(reference: ArtifactReference, problem: string): PermanentError {
  return new PermanentError(
    'artifact_corrupt',
    `The artifact ${reference.key} ${problem}: it was replaced or damaged. Send the value again.`,
    { details: { store: reference.store, key: reference.key } },
  );
}

/** `artifact_too_large`: more bytes than a store takes. */
export function artifactTooLarge(maxBytes: number): PermanentError {
  return new PermanentError(
    'artifact_too_large',
    `The value is larger than ${maxBytes} bytes, the most that an artifact may have here.`,
    { details: { maxBytes } },
  );
}

/** `artifact_unavailable`: the store cannot be used right now; the same call may succeed later. */
export function artifactUnavailable(
  store: string,
  problem: string,
  cause?: unknown,
): TransientError {
  return new TransientError(
    'artifact_unavailable',
    `The artifact store ${store} ${problem}. Trying again may help.`,
    { cause, details: { store } },
  );
}
