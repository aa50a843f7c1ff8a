import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { z } from 'zod';
import { ConfigError } from '../../shared/errors/errors.ts';

/** What a YAML file says; undefined where there is none. Throws ConfigError of this code for what is no YAML. */
export function readSettingsFile(path: string, code: string): unknown {
  if (!existsSync(path)) return undefined;
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError([`${path}: ${why}`], code);
  }
}

/** Settings as their schema has them. Throws ConfigError of this code with every problem. */
export function checkedSettings<T>(schema: z.ZodType<T>, settings: unknown, code: string): T {
  const parsed = schema.safeParse(settings);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'the file'}: ${message}`,
  );
  throw new ConfigError(problems, code);
}
