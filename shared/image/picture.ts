import { PermanentError } from '../errors/errors.ts';
import { readImageHeader } from './image-header.ts';
import { mediaTypeOf } from './media-type.ts';

/** An image as it came in a message: checked by its first bytes, not yet decoded. */
export interface Picture {
  readonly format: 'png' | 'jpeg';
  readonly width: number;
  readonly height: number;
  readonly bytes: Buffer;
}

/** A message may be 8 MiB; base64 makes 6 MiB of image of that. */
const MAX_BYTES = 6 * 1024 * 1024;

/**
 * Reads a `data:image/png;base64,…` or `data:image/jpeg;base64,…` URL and refuses, before anything is decoded, what
 * no image model should touch. Throws PermanentError: `image_invalid` (no data URL, no base64, no readable header),
 * `media_mismatch` (neither PNG nor JPEG, or not what the URL says), `image_too_large` (6 MiB, 20 megapixels,
 * 16,384 pixels on a side).
 */
export function readPicture(dataUrl: string): Picture {
  const comma = dataUrl.indexOf(',');
  const [scheme, encoding] = dataUrl.slice(0, Math.max(0, Math.min(comma, 100))).split(';');
  if (!scheme?.startsWith('data:') || encoding !== 'base64') {
    throw new PermanentError('image_invalid', 'The image is not a base64 data URL.');
  }
  if ((dataUrl.length - comma) * 0.75 > MAX_BYTES) {
    throw new PermanentError('image_too_large', `The image is larger than ${MAX_BYTES} bytes.`);
  }
  const base64 = dataUrl.slice(comma + 1);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    throw new PermanentError('image_invalid', 'The image is not valid base64.');
  }
  const bytes = Buffer.from(base64, 'base64');
  const found = mediaTypeOf(bytes);
  const format = found === 'image/png' ? 'png' : found === 'image/jpeg' ? 'jpeg' : undefined;
  if (format === undefined || scheme !== `data:image/${format}`) {
    throw new PermanentError(
      'media_mismatch',
      `The bytes are ${format ?? 'neither PNG nor JPEG'}, the data URL says ${scheme.slice(5)}.`,
    );
  }
  const header = readImageHeader(bytes);
  if (header === undefined) {
    throw new PermanentError('image_invalid', 'The image ends before it says its size.');
  }
  return { format, ...header, bytes };
}
