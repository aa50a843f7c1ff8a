import type { ModelStatus } from '../../../shared/client/verbs.ts';
import { readBreakers } from '../breakers/breaker-document.ts';
import { type Pause, readPauses } from '../pauses.ts';
import type { Store } from '../store/store.ts';
import { instantOf } from './about-run.ts';

/** What keeps a model from being called, as a store knows it, with no coordinator at work on it. */
export interface ModelStanding {
  readonly paused: ModelStatus['paused'];
  /** Those that are not closed, one for each policy. `until`: when the model is tried again. */
  readonly breakers: readonly Pick<ModelStatus['breakers'][number], 'state' | 'until'>[];
}

/** By model; those that nothing keeps from being called are left out. */
export async function modelStandings(
  store: Pick<Store, 'readDocuments'>,
): Promise<ReadonlyMap<string, ModelStanding>> {
  const pauses = await readPauses(store);
  const documents = await readBreakers(store);
  const standings = [...new Set([...pauses.keys(), ...documents.keys()])].map((model) => {
    const states = Object.values(documents.get(model) ?? {}).map(({ state }) => state);
    const breakers = states
      .filter(({ name }) => name !== 'closed')
      .map((state) => ({
        state: state.name,
        until: state.name === 'open' ? instantOf(state.untilMs) : null,
      }));
    return [model, { paused: aboutPause(pauses.get(model)), breakers }] as const;
  });
  return new Map(
    standings.filter(([, { paused, breakers }]) => paused !== null || breakers.length > 0),
  );
}

/** Null for a model that was never paused, or goes on. */
export function aboutPause(pause: Pause | undefined): ModelStatus['paused'] {
  if (pause?.paused !== true) return null;
  const { by, reason, atMs } = pause;
  return { by, reason, at: instantOf(atMs) };
}
