import type { Facts } from './decision.ts';

/** The models of a flow that no worker has ever announced, as messages name them. */
export function unannouncedModels({
  flow,
  model: factsOf,
}: Pick<Facts, 'flow' | 'model'>): readonly string[] {
  return flow.models
    .filter(({ model, version }) => {
      const known = factsOf(model)?.versions ?? [];
      return version === undefined ? known.length === 0 : !known.includes(version);
    })
    .map(({ model, version }) => (version === undefined ? model : `${model} v${version}`));
}
