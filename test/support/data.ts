import { readFileSync } from 'node:fs';
import type { z } from 'zod';

/** Reads a JSON file of test/data and checks its shape. */
export function readData<T>(name: string, schema: z.ZodType<T>): T {
  const file = new URL(`../data/${name}`, import.meta.url);
  return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/** A PNG of infra/samples/images as a data URL. */
export function sampleImage(name: string): string {
  return `data:image/png;base64,${sampleBytes(name).toString('base64')}`;
}

/** The bytes of a PNG of infra/samples/images. */
export function sampleBytes(name: string): Buffer {
  return readFileSync(new URL(`../../infra/samples/images/${name}.png`, import.meta.url));
}
