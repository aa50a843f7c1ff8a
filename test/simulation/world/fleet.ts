import type { DefinedFlow } from '../../../services/coordinator/flow-documents.ts';
import { modelNames } from '../../chaos/models/arithmetic.ts';
import { Random } from '../../chaos/plan/random.ts';
import type { Submitter } from './jobs.ts';
import { simulatedModel, standIns } from './models.ts';
import type { Targets } from './nemesis.ts';
import type { Place } from './place.ts';
import { clientIn, coordinatorIn, workerIn } from './services.ts';

/** A fleet as the seed wants it: one or two coordinators, the four models with one or two workers each, what stands before models, a client. */
export function startFleet(
  place: Place,
  flows: readonly DefinedFlow[],
  submitter: Submitter,
): Targets {
  const { world, database } = place;
  const random = new Random(world.seed, 'fleet');
  const coordinators = Array.from({ length: 1 + random.below(2) }, (_, number) =>
    coordinatorIn(place, `coordinator${number}`, flows),
  );
  const workers = modelNames.flatMap((model) =>
    Array.from({ length: random.chance(30) ? 2 : 1 }, (_, number) =>
      workerIn(place, { model, number }, (process) => simulatedModel(world, process, model)),
    ),
  );
  const others = standIns.map(({ name, modelIn }) =>
    workerIn(place, { model: name, number: 0 }, (process) => modelIn(world, process)),
  );
  return {
    coordinators,
    workers: [...workers, ...others],
    client: clientIn(place, submitter),
    database,
  };
}
