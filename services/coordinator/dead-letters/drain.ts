import type { Outcome } from '../../../shared/envelope/envelope.ts';
import { describe } from '../../../shared/errors/describe.ts';
import { FleetError } from '../../../shared/errors/errors.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { logRefused } from '../../../shared/telemetry/refusal-log.ts';
import type { Delivery } from '../../../shared/transport/transport.ts';
import type { Commits } from '../commits.ts';
import { type DeadLetterRow, type Store, StoreUnavailableError } from '../store/store.ts';
import type { Task } from '../transition.ts';
import { type LostAttempt, letterOf } from './letter.ts';

export interface DrainOptions {
  readonly store: Store;
  readonly commits: Commits;
  readonly logger: Logger;
  readonly now: () => number;
}

/**
 * Puts dead letters into the store, and tells their runs which attempts nobody will answer, so that no run waits for what is
 * lost. Acknowledge when it resolves: what is done twice is the same letter, and a reply that is not accepted twice.
 */
export async function drainDeadLetters(
  deliveries: readonly Delivery[],
  { store, commits, logger, now }: DrainOptions,
): Promise<void> {
  const letters = deliveries.map((delivery) => letterOf(delivery, now()));
  await commits.patiently(() =>
    save(
      letters.map(({ row }) => row),
      store,
      logger,
    ),
  );
  for (const { row } of letters) {
    const { id, kind, code, runId: run, path: step, attempt } = row;
    const about = { what: 'dead letter', queue: `dead.${kind}`, kind, code };
    logRefused(logger, { ...about, letter: id, run, step, attempt }, row.message);
  }
  const lost = letters.flatMap((letter) => letter.lost ?? []);
  if (lost.length > 0) await commits.commit(lost.map((attempt) => lostTask(attempt, logger, now)));
}

/** A letter that the store does not take is logged: it must not keep the others out, nor come back for ever. */
async function save(rows: readonly DeadLetterRow[], store: Store, logger: Logger): Promise<void> {
  try {
    await store.saveDeadLetters(rows);
  } catch (error) {
    if (isAboutTheStore(error)) throw error;
    const [only] = rows;
    if (only === undefined) return;
    if (rows.length === 1) {
      // Its input may hold secrets.
      const letter = { ...only, input: null };
      logger.error({ letter, code: describe(error).code }, 'dead letter not kept');
    } else for (const row of rows) await save([row], store, logger);
  }
}

function isAboutTheStore(error: unknown): boolean {
  return (
    error instanceof StoreUnavailableError ||
    (error instanceof FleetError && error.code === 'lease_lost')
  );
}

function lostTask(
  { run, path, attempt, code, message }: LostAttempt,
  logger: Logger,
  now: () => number,
): Task {
  return {
    runId: run,
    async decide(draft) {
      const at = new Date(now()).toISOString();
      const outcome: Outcome = {
        status: 'failed',
        code,
        message,
        // Workers that died of something else have counted against it: the step's policy decides.
        retryable: true,
        startedAt: at,
        finishedAt: at,
        worker: 'broker',
      };
      await draft.tell({ type: 'replyReceived', path, attempt, outcome, output: {}, patch: {} });
    },
    giveUp(_draft, error) {
      const { code: why, message: sentence } = describe(error);
      logger.error({ run, step: path, attempt, code: why }, `lost request not told: ${sentence}`);
    },
  };
}
