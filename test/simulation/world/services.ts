import { startCoordinator } from '../../../services/coordinator/coordinator.ts';
import type { DefinedFlow } from '../../../services/coordinator/flow-documents.ts';
import type { Model } from '../../../shared/worker/model.ts';
import { startWorker } from '../../../shared/worker/worker.ts';
import { SimulatedStore } from '../store/connection.ts';
import type { SimulatedProcess } from '../virtual/process.ts';
import type { Submitter } from './jobs.ts';
import type { Place } from './place.ts';
import { Slot } from './slot.ts';
import { traceLogger } from './trace-logger.ts';

/** The real coordinator, in a simulated process. */
export function coordinatorIn(place: Place, name: string, flows: readonly DefinedFlow[]): Slot {
  const { world, broker, database } = place;
  return new Slot({
    world,
    broker,
    name,
    userId: 'coordinator',
    launch: ({ process, transport }) =>
      startCoordinator({
        store: new SimulatedStore(database, process),
        transport,
        flows,
        instance: process.name,
        logger: traceLogger(world, process),
      }),
  });
}

/** The real worker, in a simulated process that serves one model. */
export function workerIn(
  { world, broker }: Place,
  { model, number }: { readonly model: string; readonly number: number },
  modelOf: (process: SimulatedProcess) => Model,
): Slot {
  return new Slot({
    world,
    broker,
    name: `${model}${number}`,
    userId: model,
    launch: ({ process, transport }) =>
      startWorker({
        model: modelOf(process),
        transport,
        instance: process.name,
        logger: traceLogger(world, process),
      }),
  });
}

/** The real client, in a simulated process. */
export function clientIn({ world, broker }: Place, submitter: Submitter): Slot {
  const launch = submitter.launch.bind(submitter);
  return new Slot({ world, broker, name: 'client', userId: 'client', launch });
}
