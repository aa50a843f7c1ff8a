import { z } from 'zod';
import { imageInputSchema } from '../../shared/artifacts/image-input.ts';
import { PermanentError } from '../../shared/errors/errors.ts';
import { readPicture } from '../../shared/image/picture.ts';
import { openPng } from '../../shared/image/png-stream.ts';
import { type Call, defineModel } from '../../shared/worker/model.ts';
import { describeAppearance } from './describe.ts';
import { gridOf } from './grid.ts';

/** Describes how a picture looks: size, colours, where it is bright. It does not know what the picture shows. */
export const model = defineModel({
  name: 'image-describer',
  version: 1,
  description:
    'Describes size, colours and brightness of a PNG from its pixels: a data URL (at most 6 MiB) or an artifact of any size, 20 megapixels.',
  input: z.object({
    image: imageInputSchema,
  }),
  references: ['image'],
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
    const png = await openPng(await piecesOf(image, call));
    const { width, height } = png.header;
    const grid = await gridOf(png, call.signal);
    return { width, height, format: 'png' as const, ...describeAppearance(grid) };
  },
});

type Image = z.infer<typeof imageInputSchema>;

/** The bytes of the file, as they come. */
async function piecesOf(image: Image, call: Call): Promise<AsyncIterable<Uint8Array>> {
  if (typeof image === 'string') {
    const { format, bytes } = readPicture(image);
    if (format === 'png') return one(bytes);
  } else if (image.$artifact.mediaType === 'image/png') {
    return call.artifacts.open(image);
  }
  throw new PermanentError('media_unsupported', 'Only PNG can be described.');
}

async function* one(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
