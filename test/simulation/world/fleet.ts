import { startCoordinator } from '../../../services/coordinator/coordinator.ts';
import type { DefinedFlow } from '../../../services/coordinator/flow-documents.ts';
import { startWorker } from '../../../shared/worker/worker.ts';
import { modelNames } from '../../chaos/models/arithmetic.ts';
import { Random } from '../../chaos/plan/random.ts';
import type { SimulatedBroker } from '../broker/broker.ts';
import { SimulatedStore } from '../store/connection.ts';
import type { SimulatedDatabase } from '../store/database.ts';
import type { Submitter } from './jobs.ts';
import { simulatedModel } from './models.ts';
import type { Targets } from './nemesis.ts';
import { Slot } from './slot.ts';
import { traceLogger } from './trace-logger.ts';
import type { World } from './world.ts';

export interface FleetOptions {
  readonly world: World;
  readonly broker: SimulatedBroker;
  readonly database: SimulatedDatabase;
  readonly flows: readonly DefinedFlow[];
  readonly submitter: Submitter;
}

/** The real coordinators, workers and client, each in a simulated process. */
export function startFleet({ world, broker, database, flows, submitter }: FleetOptions): Targets {
  const random = new Random(world.seed, 'fleet');
  const slot = (
    name: string,
    userId: string,
    launch: ConstructorParameters<typeof Slot>[0]['launch'],
  ) => new Slot({ world, broker, name, userId, launch });
  const coordinators = Array.from({ length: 1 + random.below(2) }, (_, number) =>
    slot(`coordinator${number}`, 'coordinator', ({ process, transport }) =>
      startCoordinator({
        store: new SimulatedStore(database, process),
        transport,
        flows,
        instance: process.name,
        logger: traceLogger(world, process),
      }),
    ),
  );
  const workers = modelNames.flatMap((model) =>
    Array.from({ length: random.chance(30) ? 2 : 1 }, (_, number) =>
      slot(`${model}${number}`, model, ({ process, transport }) =>
        startWorker({
          model: simulatedModel(world, process, model),
          transport,
          instance: process.name,
          logger: traceLogger(world, process),
        }),
      ),
    ),
  );
  const client = slot('client', 'client', (launch) => submitter.launch(launch));
  return { coordinators, workers, client, database };
}
