import { z } from 'zod';

/** The `text` of a model's input: untrusted, not empty, at most one million UTF-16 units. */
export const textInput = z.string().min(1).max(1_000_000);
