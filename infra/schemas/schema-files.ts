import { envelopeSchemaDocuments } from '../../shared/envelope/schema-documents.ts';
import { flowSchemaDocument } from '../../shared/flow/schema-document.ts';

/** Text of every generated JSON Schema by file name. Documents of another part of the project are spread in here. */
export function schemaFiles(): Readonly<Record<string, string>> {
  const documents = {
    ...envelopeSchemaDocuments(),
    'flow.schema.json': flowSchemaDocument(),
  };
  return Object.fromEntries(
    Object.entries(documents).map(([name, document]) => [
      name,
      `${JSON.stringify(document, null, 2)}\n`,
    ]),
  );
}
