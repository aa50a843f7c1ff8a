import { z } from 'zod';
import type { JsonObject } from '../envelope/json.ts';
import type { Manifest } from '../envelope/manifest.ts';
import type { AnyModel } from './model.ts';

/** What a model says of itself: what a worker announces, and what flows are checked against. */
export function manifestOf(model: AnyModel, instance: string, concurrency: number): Manifest {
  return {
    name: model.name,
    version: model.version,
    description: model.description,
    inputSchema: jsonSchema(model.input, 'input'),
    outputSchema: jsonSchema(model.output, 'output'),
    concurrency,
    instance,
    ...(model.timeoutMs === undefined ? {} : { timeoutMs: model.timeoutMs }),
    ...(model.prices === undefined ? {} : { prices: model.prices }),
    ...(model.estimate === undefined ? {} : { estimate: model.estimate }),
    ...(model.limits === undefined ? {} : { limits: model.limits }),
    ...(model.provenance === undefined ? {} : { provenance: model.provenance }),
  };
}

/** What zod cannot write as JSON Schema (a custom check) is left open; a model's own zod schema still decides. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  return z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonObject;
}
