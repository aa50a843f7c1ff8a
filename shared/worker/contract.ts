import type { z } from 'zod';
import { jsonPointer } from '../envelope/codec.ts';
import { ContractError } from '../errors/errors.ts';

/** More problems than this help nobody; the first ones name the cause. */
const MAX_PROBLEMS = 10;

/**
 * A value as the model's schema gives it back. Throws a ContractError with this code whose sentence names each problem by its
 * JSON Pointer; it never quotes the value.
 */
export function parseContract<T>(
  schema: z.ZodType<T>,
  value: unknown,
  code: 'input_invalid' | 'output_invalid',
): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .slice(0, MAX_PROBLEMS)
    .map((issue) => `${jsonPointer(issue.path) || '(root)'}: ${issue.message}`);
  const subject = code === 'input_invalid' ? 'input' : 'output';
  throw new ContractError(
    code,
    `The ${subject} breaks the model's schema: ${problems.join('; ')}`,
    {
      details: { problems },
    },
  );
}
