import { describe } from '../../../shared/errors/describe.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { heldCalls, openCalls } from '../engine/open-calls.ts';
import type { Run } from '../engine/run.ts';
import type { PlaceKey } from '../store/store.ts';
import type { Task } from '../transition.ts';

/** Tells a call that its place is there. A place that nobody has a use for is free again. */
export function slotTask(place: PlaceKey, logger: Logger): Task {
  const { runId, path, attempt } = place;
  return {
    runId,
    async decide(draft) {
      if (isUnderWay(draft.run, place)) await draft.tell({ type: 'slotGranted', path, attempt });
      else draft.effects.places.freed.push(place);
    },
    giveUp(_, error) {
      const { code, message } = describe(error);
      logger.error({ run: runId, step: path, attempt, code }, `place not used: ${message}`);
    },
  };
}

/** Told twice, an attempt may be open already, and its place in use. */
function isUnderWay(run: Run | undefined, { path, attempt }: PlaceKey): boolean {
  if (run === undefined) return false;
  return [...heldCalls(run), ...openCalls(run)].some(
    (call) => call.path === path && call.attempt === attempt,
  );
}
