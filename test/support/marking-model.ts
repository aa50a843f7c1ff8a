import { z } from 'zod';
import { type AnyModel, defineModel } from '../../shared/worker/model.ts';

const shape = z.object({ text: z.string() });

/** A model that appends a mark to the text, and notes each text it was called with. */
export function markingModel(name: string, mark: string, called: string[]): AnyModel {
  return defineModel({
    name,
    version: 1,
    description: 'Appends a mark.',
    input: shape,
    output: shape,
    concurrency: 10,
    run({ text }) {
      called.push(text);
      return { text: `${text}${mark}` };
    },
  });
}
