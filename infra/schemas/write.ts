import { writeFileSync } from 'node:fs';
import { schemaFiles } from './schema-files.ts';

/** `npm run schemas`: writes every generated JSON Schema into this folder. */
for (const [name, text] of Object.entries(schemaFiles())) {
  writeFileSync(new URL(name, import.meta.url), text);
}
