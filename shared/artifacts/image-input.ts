import { z } from 'zod';
import { artifactMarkerSchema } from './reference.ts';

/** An image as models take it: a data URL of at most 6 MiB of bytes, or a reference to it. */
export const imageInputSchema = z.union([
  z
    .string()
    .min(1)
    .max(8 * 1024 * 1024 + 100),
  artifactMarkerSchema,
]);
