import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import type { Upload } from '../../../shared/client/client-artifacts.ts';
import { mediaTypeOf, SIGNATURE_BYTES } from '../../../shared/image/media-type.ts';
import { UsageError } from '../usage-error.ts';

/** As a data URL, more than this does not fit a message beside everything else. */
const INLINE_BYTES = 160 * 1024;

/**
 * An image file as a data URL, or where it is too large for a message as an upload that is read in pieces. Throws UsageError when it cannot
 * be read or is no image.
 */
export async function imageInput(file: string): Promise<string | Upload> {
  const { size, head } = await readHead(file);
  const mediaType = mediaTypeOf(head);
  if (!mediaType?.startsWith('image/')) {
    throw new UsageError(
      'not_an_image',
      `${file} is no image: expected PNG, JPEG, GIF, WebP, BMP or TIFF.`,
    );
  }
  if (size > INLINE_BYTES) return { source: createReadStream(file), mediaType };
  return `data:${mediaType};base64,${(await readInput(file)).toString('base64')}`;
}

async function readHead(file: string): Promise<{ size: number; head: Uint8Array }> {
  const opened = await explained(file, () => open(file));
  try {
    return await explained(file, async () => {
      const head = Buffer.alloc(SIGNATURE_BYTES);
      const { bytesRead } = await opened.read(head, 0, head.length, 0);
      return { size: (await opened.stat()).size, head: head.subarray(0, bytesRead) };
    });
  } finally {
    await opened.close();
  }
}

/** A file that the command line names. Throws UsageError with a sentence when it cannot be read. */
export function readInput(file: string): Promise<Buffer> {
  return explained(file, () => readFile(file));
}

async function explained<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UsageError('file_not_found', `There is no file ${file}.`);
    if (code === 'EISDIR') throw new UsageError('not_a_file', `${file} is a folder, not a file.`);
    throw new UsageError('file_unreadable', `${file} cannot be read (${code ?? String(error)}).`);
  }
}
