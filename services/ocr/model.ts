import { z } from 'zod';
import { imageInputSchema } from '../../shared/artifacts/image-input.ts';
import { defineModel } from '../../shared/worker/model.ts';
import { OcrEngine } from './engine.ts';
import { readableImage } from './readable-image.ts';

/** Reads the text of an image. The engine computes in a thread of its own, so this model needs no other. */
export const model = defineModel({
  name: 'ocr',
  version: 1,
  description:
    'Reads English text from a PNG or JPEG with Tesseract, offline: a data URL or JPEG of at most 6 MiB, a PNG artifact of any size, 20 megapixels.',
  input: z.object({
    image: imageInputSchema,
  }),
  references: ['image'],
  output: z.object({
    text: z.string(),
    confidence: z.number().min(0).max(1),
    lines: z.array(z.object({ text: z.string(), confidence: z.number().min(0).max(1) })),
  }),
  concurrency: 1,
  async load() {
    const engine = new OcrEngine();
    await engine.start();
    return engine;
  },
  async run({ image }, call, engine) {
    const bytes = await readableImage(image, call);
    const page = await engine.read(bytes, call.signal, (done) => call.emit({ done }));
    const lines = (page.blocks ?? [])
      .flatMap((block) => block.paragraphs.flatMap((paragraph) => paragraph.lines))
      .map((line) => ({ text: line.text.trim(), confidence: share(line.confidence) }))
      .filter((line) => line.text !== '');
    return { text: page.text.trim(), confidence: share(page.confidence), lines };
  },
  unload: (engine) => engine.stop(),
});

/** Tesseract's 0 to 100 as 0 to 1. */
function share(percent: number): number {
  return Math.round(Math.max(0, Math.min(100, percent))) / 100;
}
