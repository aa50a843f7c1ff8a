import { z } from 'zod';
import type { ModelLimits } from '../../../shared/envelope/manifest.ts';
import { TransientError } from '../../../shared/errors/errors.ts';
import { type Call, defineModel, type Model } from '../../../shared/worker/model.ts';
import {
  answersWrongly,
  BROKEN,
  DEAR,
  DEAR_MICRO_USD,
  durationMs,
  failsOnPurpose,
  functions,
  type ModelName,
  modelNames,
} from '../../chaos/models/arithmetic.ts';
import type { SimulatedProcess } from '../virtual/process.ts';
import type { World } from './world.ts';

const number = z.number().int();
// `tag`: the context key under which later steps find the answer.
const input = z.object({ x: number, y: number, tag: z.string().optional() });
const output = z.object({ x: number });

/** A model that takes virtual time; what it answers, how long it takes and whether it fails is decided by the attempt. */
export function simulatedModel(world: World, process: SimulatedProcess, name: ModelName): Model {
  return defineModel({
    name,
    version: 1,
    description: 'Computes a number; one attempt in ten fails.',
    input,
    output,
    concurrency: 1 + (world.seed % 5),
    limits: limitsOf(world.seed, name),
    async run({ x, y, tag }, call) {
      const key = await begun(world, process, name, call);
      if (failsOnPurpose(key)) throw new TransientError('made_to_fail', 'This attempt fails.');
      if (answersWrongly(key)) return { x: 'wrong' } as never;
      const answer = functions[name](x, y);
      if (tag !== undefined) call.patch(tag, answer);
      return { x: answer };
    },
  }) as unknown as Model;
}

/** What flows of chaos name before a model: one always fails, until its breaker opens; one costs more than a run may spend. */
export const standIns: readonly StandIn[] = [
  {
    name: BROKEN,
    modelIn: (world, process) =>
      defineModel({
        name: BROKEN,
        version: 1,
        description: 'Fails.',
        input,
        output,
        concurrency: 5,
        async run(_given, call) {
          await begun(world, process, BROKEN, call);
          throw new TransientError('always_broken', 'Every attempt fails.');
        },
      }) as unknown as Model,
  },
  {
    name: DEAR,
    modelIn: (world, process) =>
      defineModel({
        name: DEAR,
        version: 1,
        description: 'Computes what another model would, for money.',
        input: input.extend({ of: z.enum(modelNames) }),
        output,
        concurrency: 5,
        estimate: { microUsd: DEAR_MICRO_USD },
        async run({ x, y, tag, of }, call) {
          call.usage({ microUsd: DEAR_MICRO_USD });
          await begun(world, process, DEAR, call);
          const answer = functions[of](x, y);
          if (tag !== undefined) call.patch(tag, answer);
          return { x: answer };
        },
      }) as unknown as Model,
  },
];

interface StandIn {
  readonly name: string;
  modelIn(world: World, process: SimulatedProcess): Model;
}

/** The virtual time that an attempt takes; answers its key, which decides all else of it. */
async function begun(
  world: World,
  process: SimulatedProcess,
  model: string,
  { run, path, attempt }: Call,
): Promise<string> {
  const key = `${run} ${path} ${attempt}`;
  world.trace.write(process.name, `calls ${model} for ${key}`);
  await world.clock.wait(durationMs(key), process);
  return key;
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
