import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { keyFilesOf } from './key-store.ts';
import { writeSecret } from './secret-file.ts';
import { identityOf, type Spoke, spokeSchema } from './spoke.ts';

/**
 * Copies the key files of a folder to those who need them: `<to>/<name>` gets what this service or client may have, and loses any
 * other key file, so that whoever was taken out of the folder is believed no more. Answers for whom, by name.
 */
export function handOutKeys(folder: string, to: string): readonly string[] {
  const identities = spokesIn(folder).map(identityOf);
  for (const identity of identities) {
    const own = join(to, identity.name);
    const files = keyFilesOf(folder, identity);
    mkdirSync(own, { recursive: true, mode: 0o700 });
    for (const file of files)
      writeSecret(join(own, file), readFileSync(join(folder, file), 'utf8'));
    const others = readdirSync(own).filter(
      (name) => name.endsWith('.json') && !files.includes(name),
    );
    for (const name of others) rmSync(join(own, name));
  }
  return identities.map(({ name }) => name);
}

/** Who has keys there. */
function spokesIn(folder: string): Spoke[] {
  if (!existsSync(folder)) return [];
  const spokes = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => spokeSchema.safeParse(name.replace(/(\.own)?\.json$/, '')))
    .flatMap(({ data }) => (data === undefined ? [] : [data]));
  return [...new Set(spokes)].sort();
}
