import { z } from 'zod';
import type { ModelLimits } from '../../../shared/envelope/manifest.ts';
import { TransientError } from '../../../shared/errors/errors.ts';
import { defineModel, type Model } from '../../../shared/worker/model.ts';
import {
  answersWrongly,
  durationMs,
  failsOnPurpose,
  functions,
  type ModelName,
  modelNames,
} from '../../chaos/models/arithmetic.ts';
import type { SimulatedProcess } from '../virtual/process.ts';
import type { World } from './world.ts';

const number = z.number().int();

/** A model that takes virtual time; what it answers, how long it takes and whether it fails is decided by the attempt. */
export function simulatedModel(world: World, process: SimulatedProcess, name: ModelName): Model {
  return defineModel({
    name,
    version: 1,
    description: 'Computes a number; one attempt in ten fails.',
    // `tag`: the context key under which later steps find the answer.
    input: z.object({ x: number, y: number, tag: z.string().optional() }),
    output: z.object({ x: number }),
    concurrency: 1 + (world.seed % 5),
    limits: limitsOf(world.seed, name),
    async run({ x, y, tag }, call) {
      const { run, path, attempt } = call;
      const key = `${run} ${path} ${attempt}`;
      world.trace.write(process.name, `calls ${name} for ${key}`);
      await world.clock.wait(durationMs(key), process);
      if (failsOnPurpose(key)) throw new TransientError('made_to_fail', 'This attempt fails.');
      if (answersWrongly(key)) return { x: 'wrong' } as never;
      const answer = functions[name](x, y);
      if (tag !== undefined) call.patch(tag, answer);
      return { x: answer };
    },
  }) as unknown as Model;
}

/** Of the models of one seed some have strict limits, some a narrow queue, some none. */
function limitsOf(seed: number, name: ModelName): ModelLimits {
  const kinds: readonly ModelLimits[] = [
    { inFlight: 1 + (seed % 3) },
    { window: 1 + (seed % 4) },
    { requestsPerMinute: 300, tokensPerMinute: 60_000 },
    {},
  ];
  return kinds[(seed + modelNames.indexOf(name)) % kinds.length] ?? {};
}
