import type { JsonObject } from '../../shared/envelope/json.ts';
import type { Call, Model } from '../../shared/worker/model.ts';
import { callOf } from './call.ts';

/** A loaded model that checks input and output as a worker does. */
export interface LoadedModel<Output> {
  run(input: unknown, call?: Partial<Call>): Promise<Output>;
  unload(): Promise<void>;
}

/** Loads a model outside a worker. */
export async function loadModel<Input extends JsonObject, Output extends JsonObject, Loaded>(
  model: Model<Input, Output, Loaded>,
): Promise<LoadedModel<Output>> {
  // A model without load() has no Loaded to speak of.
  const loaded = (await model.load?.()) as Loaded;
  return {
    async run(input, call) {
      const output = await model.run?.(model.input.parse(input), callOf(call), loaded);
      return model.output.parse(output);
    },
    async unload() {
      await model.unload?.(loaded);
    },
  };
}
