import { z } from 'zod';
import { schemas } from './envelope.ts';
import { cancelSchema, heldSchema, manifestSchema } from './manifest.ts';

/** JSON Schemas by file name, for readers and writers in other languages. */
export type SchemaDocuments = Readonly<Record<string, object>>;

/** The JSON Schema of each message type, and of the payloads that this page of the protocol defines. */
export function envelopeSchemaDocuments(): SchemaDocuments {
  const documents = Object.entries({
    ...schemas,
    manifest: manifestSchema,
    held: heldSchema,
    cancel: cancelSchema,
  });
  return Object.fromEntries(
    documents.map(([name, schema]) => [`${name}.schema.json`, jsonSchemaOf(name, schema)]),
  );
}

/** A writer's view (`io: input`): what has a default may be left out. */
function jsonSchemaOf(title: string, schema: z.ZodType): object {
  return { title, ...z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) };
}
