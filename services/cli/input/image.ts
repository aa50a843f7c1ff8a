import { readFile } from 'node:fs/promises';
import { mediaTypeOf } from '../../../shared/image/media-type.ts';
import { UsageError } from '../usage-error.ts';

/** An image file as a data URL. Throws UsageError when it cannot be read or is no image. */
export async function imageDataUrl(file: string): Promise<string> {
  const bytes = await readInput(file);
  const type = mediaTypeOf(bytes);
  if (!type?.startsWith('image/')) {
    throw new UsageError(
      'not_an_image',
      `${file} is no image: expected PNG, JPEG, GIF, WebP, BMP or TIFF.`,
    );
  }
  return `data:${type};base64,${bytes.toString('base64')}`;
}

/** A file that the command line names. Throws UsageError with a sentence when it cannot be read. */
export async function readInput(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UsageError('file_not_found', `There is no file ${file}.`);
    if (code === 'EISDIR') throw new UsageError('not_a_file', `${file} is a folder, not a file.`);
    throw new UsageError('file_unreadable', `${file} cannot be read (${code ?? String(error)}).`);
  }
}
