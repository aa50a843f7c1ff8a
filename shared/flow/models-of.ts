import type { Budget, Kernel, ModelReference } from './kernel.ts';
import { nodesOf } from './kernel-walk.ts';

/** The models of a flow's own steps, each once. */
export function modelsNeeded(body: Kernel): readonly ModelReference[] {
  return once(nodesOf('call', body));
}

/** Every model that a run of the flow may call: fallbacks, and what a spent budget puts in their place, too. */
export function modelsCalled(body: Kernel, budget: Budget | undefined): readonly ModelReference[] {
  const cheaper = budget?.onExceeded;
  const ladders = nodesOf('call', body).flatMap((call) => [call, ...call.policy.fallback]);
  return once(typeof cheaper === 'object' ? [...ladders, cheaper] : ladders);
}

function once(references: readonly ModelReference[]): readonly ModelReference[] {
  const models = references.map(({ model, version }) =>
    version === undefined ? { model } : { model, version },
  );
  return [...new Map(models.map((one) => [`${one.model}@${one.version ?? ''}`, one])).values()];
}
