import { PermanentError } from '../errors/errors.ts';
import { readPngHeader } from './png-chunks.ts';

/** An image as it came in a message: checked by its first bytes, not yet decoded. */
export interface Picture {
  readonly format: 'png' | 'jpeg';
  readonly width: number;
  readonly height: number;
  readonly bytes: Buffer;
}

/** A message may be 8 MiB; base64 makes 6 MiB of image of that. */
const MAX_BYTES = 6 * 1024 * 1024;
const MAX_PIXELS = 20_000_000;
const MAX_SIDE = 16_384;

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
  const format = formatOf(bytes);
  if (format === undefined || scheme !== `data:image/${format}`) {
    throw new PermanentError(
      'media_mismatch',
      `The bytes are ${format ?? 'neither PNG nor JPEG'}, the data URL says ${scheme.slice(5)}.`,
    );
  }
  const { width, height } = format === 'png' ? readPngHeader(bytes) : readJpegSize(bytes);
  if (width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS) {
    throw new PermanentError(
      'image_too_large',
      `The image has ${width}x${height} pixels; ${MAX_PIXELS} in all and ${MAX_SIDE} on a side are allowed.`,
    );
  }
  return { format, width, height, bytes };
}

function formatOf(bytes: Buffer): 'png' | 'jpeg' | undefined {
  if (bytes.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'))) return 'png';
  if (bytes.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex'))) return 'jpeg';
  return undefined;
}

/** Walks the JPEG's segments to the frame header; each has its length, so nothing is searched. */
function readJpegSize(bytes: Buffer): { width: number; height: number } {
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    // C4, C8 and CC look like frame headers and are tables.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      const size = { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
      if (size.width > 0 && size.height > 0) return size;
      break;
    }
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  throw new PermanentError('image_invalid', 'The JPEG has no readable frame header.');
}
