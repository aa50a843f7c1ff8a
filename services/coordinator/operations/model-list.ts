import { z } from 'zod';
import type { ModelStatus } from '../../../shared/client/verbs.ts';
import type { ModelLimits } from '../../../shared/envelope/manifest.ts';
import { workQueueName } from '../../../shared/transport/topology.ts';
import type { BreakerReport } from '../breakers/breakers.ts';
import { type Pause, readPauses } from '../pauses.ts';
import type { ManifestRow } from '../store/store.ts';
import { instantOf } from './about-run.ts';
import { aboutPause } from './model-standing.ts';
import { type ActingContext, operation } from './operation.ts';

/** `model.list`: every model that was ever announced, and how it stands with it. */
export const modelList = operation(
  'model.list',
  { schema: z.object({}), takes: '{}' },
  async (_args, context: ActingContext) => {
    const rows = await context.store.manifests();
    const stopped = await readPauses(context.store);
    const names = [...new Set(rows.map(({ model }) => model))].sort();
    const models: ModelStatus[] = [];
    for (const model of names) {
      const own = rows.filter((row) => row.model === model);
      models.push(await statusOf(model, own, stopped.get(model), context));
    }
    return { models };
  },
);

async function statusOf(
  model: string,
  rows: readonly ManifestRow[],
  pause: Pause | undefined,
  { models, limits, breakers, transport }: ActingContext,
): Promise<ModelStatus> {
  const versions = rows.map(({ version }) => version).sort((one, other) => one - other);
  const newest = rows.find(({ version }) => version === versions.at(-1));
  const ready = await Promise.all(
    versions.map((version) => transport.readyCount(workQueueName(model, version))),
  );
  const { limits: announced, window, openRequests, crowded } = limits.state(model);
  return {
    model,
    versions,
    description: String(newest?.manifest['description'] ?? ''),
    workers: models.workersOf(model),
    concurrency: models.concurrencyOf(model),
    inFlight: openRequests,
    waiting: ready.reduce((sum, count) => sum + count, 0),
    crowded,
    limits: { ...aboutLimits(announced), window },
    breakers: breakers
      .states()
      .filter((each) => each.model === model)
      .map(aboutBreaker),
    paused: aboutPause(pause),
  };
}

function aboutLimits({ inFlight, requestsPerMinute, tokensPerMinute }: ModelLimits) {
  return {
    ...(inFlight === undefined ? {} : { inFlight }),
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
    ...(tokensPerMinute === undefined ? {} : { tokensPerMinute }),
  };
}

function aboutBreaker({ state, untilMs, calls, failed, slow }: BreakerReport) {
  return { state, until: untilMs === null ? null : instantOf(untilMs), calls, failed, slow };
}
