import { PermanentError } from '../errors/errors.ts';
import { type ImageType, mediaTypeOf } from './media-type.ts';
import { readPngHeader } from './png-chunks.ts';

/** Decoded, a pixel takes three to eight bytes. Without it 600 KB of file become 800 MB of memory. */
const MAX_PIXELS = 20_000_000;
/** Without it one row of pixels becomes larger than libraries expect. */
const MAX_SIDE = 16_384;
/** Of an animation: each is decoded at full size. */
const MAX_FRAMES = 100;
/** Within so many bytes every sensible file says its size; what comes before it are profiles and thumbnails. */
export const IMAGE_HEAD_BYTES = 512 * 1024;

/** What an image says of itself before any of it is decoded. */
export interface ImageHeader {
  readonly width: number;
  readonly height: number;
}

type Size = ImageHeader & { readonly frames?: number };

const readers: Record<ImageType, (bytes: Buffer) => Size | undefined> = {
  'image/png': readPng,
  'image/jpeg': readJpeg,
  'image/gif': readGif,
  'image/webp': readWebp,
};

/**
 * Reads the size of a PNG, JPEG, GIF or WebP from its first bytes and refuses what no image model should touch; nothing is
 * decoded or inflated. undefined: its size comes later than these bytes reach. Throws PermanentError `image_too_large`
 * (20 megapixels, 16,384 pixels on a side, 100 frames as far as the bytes tell), `image_invalid` (no readable header).
 */
export function readImageHeader(head: Uint8Array): ImageHeader | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const reader = readers[mediaTypeOf(bytes) as ImageType] as
    | (typeof readers)[ImageType]
    | undefined;
  if (reader === undefined) throw invalid('is neither PNG, JPEG, GIF nor WebP');
  const size = reader(bytes);
  if (size === undefined) return undefined;
  checkSize(size);
  return { width: size.width, height: size.height };
}

function checkSize({ width, height, frames = 1 }: Size): void {
  if (width === 0 || height === 0) throw invalid('has no pixels');
  if (width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS) {
    throw new PermanentError(
      'image_too_large',
      `The image has ${width}x${height} pixels; ${MAX_PIXELS} in all and ${MAX_SIDE} on a side are allowed.`,
    );
  }
  if (frames > MAX_FRAMES) {
    throw new PermanentError(
      'image_too_large',
      `The image is an animation of ${frames} frames or more; ${MAX_FRAMES} are allowed.`,
    );
  }
}

/** An animated PNG says how many frames it has before its first pixels. */
function readPng(bytes: Buffer): Size | undefined {
  if (bytes.length < 33) return undefined;
  const { width, height } = readPngHeader(bytes);
  checkSize({ width, height });
  for (let at = 8; at + 8 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (type === 'IDAT' || type === 'IEND') return { width, height };
    if (type === 'acTL' && at + 12 <= bytes.length) {
      return { width, height, frames: bytes.readUInt32BE(at + 8) };
    }
  }
  return undefined;
}

/** Walks the segments to the frame header; each has its length, so nothing is searched. */
function readJpeg(bytes: Buffer): Size | undefined {
  let at = 2;
  while (at + 9 <= bytes.length) {
    if (bytes[at] !== 0xff) throw invalid('has no readable frame header');
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    // C4, C8 and CC look like frame headers and are tables.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
    }
    // Pixels, or the end, before any size.
    if (marker === 0xda || marker === 0xd9) throw invalid('has no readable frame header');
    const length = bytes.readUInt16BE(at + 2);
    if (length < 2) throw invalid('has no readable frame header');
    at += 2 + length;
  }
  return undefined;
}

/** The frames that lie within these bytes are counted; each must fit the limits too. */
function readGif(bytes: Buffer): Size | undefined {
  if (bytes.length < 13) return undefined;
  const size = { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
  let frames = 0;
  let at = 13 + colourTableBytes(bytes[10]!);
  while (at + 10 <= bytes.length) {
    const kind = bytes[at]!;
    if (kind === 0x3b) break;
    if (kind === 0x2c) {
      frames += 1;
      checkSize({ width: bytes.readUInt16LE(at + 5), height: bytes.readUInt16LE(at + 7) });
      // The descriptor, its colours, and a byte of code size.
      at = afterBlocks(bytes, at + 11 + colourTableBytes(bytes[at + 9]!));
    } else if (kind === 0x21) {
      at = afterBlocks(bytes, at + 2);
    } else {
      throw invalid('has a block of no known kind');
    }
  }
  return { ...size, frames };
}

function colourTableBytes(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1);
}

/** Behind a row of sub-blocks that ends with an empty one. */
function afterBlocks(bytes: Buffer, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== 0) at += 1 + bytes[at]!;
  return at + 1;
}

function readWebp(bytes: Buffer): Size | undefined {
  if (bytes.length < 30) return undefined;
  switch (bytes.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
    case 'VP8L': {
      const bits = bytes.readUInt32LE(21);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X': {
      const size = { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
      return { ...size, frames: webpFrames(bytes) };
    }
    default:
      throw invalid('has no readable header');
  }
}

function webpFrames(bytes: Buffer): number {
  let frames = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    if (bytes.toString('latin1', at, at + 4) === 'ANMF') frames += 1;
    const length = bytes.readUInt32LE(at + 4);
    at += 8 + length + (length % 2);
  }
  return frames;
}

function invalid(problem: string): PermanentError {
  return new PermanentError('image_invalid', `The image ${problem}.`);
}
