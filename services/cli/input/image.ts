import { readFile } from 'node:fs/promises';
import { UsageError } from '../usage-error.ts';

/** Image types that models read, by the bytes a file begins with; a name's ending proves nothing. */
const signatures: readonly { readonly type: string; matches(bytes: Uint8Array): boolean }[] = [
  { type: 'image/png', matches: startsWith([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) },
  { type: 'image/jpeg', matches: startsWith([0xff, 0xd8, 0xff]) },
  { type: 'image/gif', matches: startsWith([0x47, 0x49, 0x46, 0x38]) },
  {
    type: 'image/webp',
    matches: (bytes) => ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP',
  },
  { type: 'image/bmp', matches: startsWith([0x42, 0x4d]) },
  {
    type: 'image/tiff',
    matches: (bytes) => ['II*\0', 'MM\0*'].includes(ascii(bytes, 0, 4)),
  },
];

/** The media type of an image, or undefined when these bytes are none that is known. */
export function imageType(bytes: Uint8Array): string | undefined {
  return signatures.find((signature) => signature.matches(bytes))?.type;
}

/** An image file as a data URL. Throws UsageError when it cannot be read or is no image. */
export async function imageDataUrl(file: string): Promise<string> {
  const bytes = await readInput(file);
  const type = imageType(bytes);
  if (type === undefined) {
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

function startsWith(signature: readonly number[]): (bytes: Uint8Array) => boolean {
  return (bytes) => signature.every((byte, index) => bytes[index] === byte);
}

function ascii(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.subarray(from, to)).toString('latin1');
}
