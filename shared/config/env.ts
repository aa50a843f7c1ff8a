import type { z } from 'zod';
import { ConfigError } from '../errors/errors.ts';

/** Reads a schema's keys from an environment record. Every problem is in the one ConfigError it throws. */
export function readEnv<T extends z.ZodObject>(
  schema: T,
  env: Readonly<Record<string, string | undefined>>,
): z.infer<T> {
  // An empty variable means "not set": compose files pass `${NAME:-}` along.
  const set = Object.fromEntries(
    Object.keys(schema.shape).flatMap((key) => (env[key] ? [[key, env[key]]] : [])),
  );
  const parsed = schema.safeParse(set);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
  );
}
