import { z } from 'zod';
import type { JsonValue } from '../envelope/json.ts';
import { durationMs, durationPattern } from './duration.ts';

/** The words that every part of a flow file is made of: ids, names, durations, expressions. */

/** An expression (a string), a literal, or lists and maps of them: see mapping.ts. */
export type Mapping = JsonValue;

export const id = z
  .string()
  .regex(
    /^[a-z][a-zA-Z0-9]{0,63}$/,
    'an id starts with a small letter and goes on with letters and digits, like draftOne',
  )
  .meta({ id: 'nodeId', description: 'Id of a node.' });

export const duration = z
  .string()
  .regex(durationPattern, 'a duration is a whole number and a unit: 500ms, 30s, 5m or 1h')
  .transform((text, context) => {
    const ms = durationMs(text);
    if (ms === undefined)
      context.addIssue({ code: 'custom', message: 'a duration is at most 30 days' });
    return ms ?? 0;
  })
  .meta({ id: 'duration', description: 'A whole number and a unit: 500ms, 30s, 5m, 1h.' });

export const expression = z.string().meta({ id: 'expression', description: 'A CEL expression.' });

export const mapping: z.ZodType<Mapping> = z.json().meta({
  id: 'mapping',
  description:
    'A string is CEL; numbers, booleans and null are themselves; { $text } and { $value } are literal.',
});

/** `name` or `name@2`: a model or flow, and a major version of it. */
export const reference = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,63}(@[1-9][0-9]{0,5})?$/,
    'a name has small letters, digits and hyphens, and may end in a major version: sentiment or sentiment@2',
  )
  .meta({ id: 'reference', description: 'A name, or name@2 for major version 2.' });

export const errorCode = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,63}$/, 'a code is written like not_supported');

export const count = (most: number) => z.number().int().min(1).max(most);
