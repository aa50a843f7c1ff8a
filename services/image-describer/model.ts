import { z } from 'zod';
import { PermanentError } from '../../shared/errors/errors.ts';
import { readPicture } from '../../shared/image/picture.ts';
import { decodePng } from '../../shared/image/png-pixels.ts';
import { defineModel } from '../../shared/worker/model.ts';
import { describeAppearance } from './describe.ts';

/** Describes how a picture looks: size, colours, where it is bright. It does not know what the picture shows. */
export const model = defineModel({
  name: 'image-describer',
  version: 1,
  description:
    'Describes size, colours and brightness of a PNG data URL (at most 6 MiB, 20 megapixels) from its pixels.',
  input: z.object({
    image: z
      .string()
      .min(1)
      .max(8 * 1024 * 1024 + 100),
  }),
  output: z.object({
    width: z.int().positive(),
    height: z.int().positive(),
    format: z.literal('png'),
    dominantColors: z.array(z.string()),
    brightness: z.number().min(0).max(1),
    description: z.string(),
  }),
  concurrency: 2,
  async run({ image }, call) {
    const { format, width, height, bytes } = readPicture(image);
    if (format !== 'png') {
      throw new PermanentError('media_unsupported', 'Only PNG can be described.');
    }
    const pixels = await decodePng(bytes, call.signal);
    return { width, height, format, ...describeAppearance(pixels) };
  },
});
