import type { Artifacts } from '../../../shared/artifacts/artifact-store.ts';
import { lightValues } from '../../../shared/artifacts/claim-check.ts';
import type { ArtifactScope } from '../../../shared/artifacts/keys.ts';
import type { Job } from '../../../shared/envelope/envelope.ts';
import { MAX_MESSAGE_BYTES } from '../../../shared/envelope/limits.ts';
import { describe } from '../../../shared/errors/describe.ts';
import { ContractError, PermanentError } from '../../../shared/errors/errors.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';

export interface DoorOptions {
  readonly artifacts?: Artifacts | undefined;
  readonly logger: Logger;
  readonly now: () => number;
}

/** A store that takes longer has the jobs wait that came with this one. */
const PATIENCE_MS = 5_000;

/**
 * A job as it is kept: what is large of it lies in the store from here on, so that no message of its run carries it. Where the store
 * cannot be used right now the job stays as it came, for it fits a message. Throws ContractError with the store's code for what no
 * store takes: `media_mismatch`, `archive_refused`, `image_invalid`, `image_too_large`.
 */
export async function lightJob(
  job: Job,
  bytes: number,
  scope: ArtifactScope,
  { artifacts, logger, now }: DoorOptions,
): Promise<Job> {
  if (artifacts === undefined || bytes > MAX_MESSAGE_BYTES) return job;
  if (bytes <= artifacts.thresholdBytes) return job;
  const place = { artifacts, scope, nowMs: now() };
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    return { ...job, ...(await lightValues(job, place, signal)) };
  } catch (error) {
    const { code, message } = describe(error);
    if (error instanceof PermanentError) throw new ContractError(code, message, { cause: error });
    logger.warn({ code, run: scope.run }, `the job keeps its large values: ${message}`);
    return job;
  }
}
