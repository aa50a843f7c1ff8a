import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { artifactMarker } from '../../../shared/artifacts/reference.ts';
import { referencesIn } from '../../../shared/artifacts/references.ts';
import type { Client } from '../../../shared/client/client.ts';
import type { Awaited } from '../../../shared/client/result-or-rest.ts';

/**
 * Writes the output of a run that succeeded into a file: the bytes of the only artifact that it refers to, else the output as JSON. The
 * file is there whole or not at all. Throws what a store throws, and what the file system says.
 */
export async function saveOutput(awaited: Awaited, file: string, client: Client): Promise<void> {
  if (awaited.name !== 'ended' || awaited.result.run.status !== 'succeeded') return;
  const { payload } = awaited.result;
  const [found, ...others] = referencesIn(payload);
  const source =
    found === undefined || others.length > 0
      ? Readable.from([`${JSON.stringify(payload, null, 2)}\n`])
      : await client.artifacts.open(artifactMarker(found.reference));
  const half = `${file}.part`;
  try {
    await pipeline(source, createWriteStream(half));
    await rename(half, file);
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  }
}
