import { z } from 'zod';
import { flowSchema } from './definition.ts';

/** The JSON Schema of a flow file, for editors. */
export function flowSchemaDocument(): object {
  return { ...z.toJSONSchema(flowSchema, { io: 'input', unrepresentable: 'any', reused: 'ref' }) };
}
