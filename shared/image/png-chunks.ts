import { crc32 } from 'node:zlib';
import { PermanentError } from '../errors/errors.ts';

/** The first chunk of a PNG: how its pixels are stored. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGBA. */
  readonly colourType: number;
  readonly interlaced: boolean;
}

/** What of a PNG the pixels need. Everything else (texts, profiles, EXIF) is never looked into. */
export interface PngChunks {
  readonly header: PngHeader;
  readonly palette: Buffer | undefined;
  readonly data: Buffer;
}

const DEPTHS = new Map([
  [0, [1, 2, 4, 8, 16]],
  [2, [8, 16]],
  [3, [1, 2, 4, 8]],
  [4, [8, 16]],
  [6, [8, 16]],
]);

/** Reads the header alone. Throws PermanentError `image_invalid`. */
export function readPngHeader(bytes: Buffer): PngHeader {
  if (bytes.length < 33 || bytes.toString('latin1', 12, 16) !== 'IHDR') {
    throw invalid('has no header');
  }
  const header = {
    width: bytes.readUInt32BE(16),
    height: bytes.readUInt32BE(20),
    bitDepth: bytes[24]!,
    colourType: bytes[25]!,
    interlaced: bytes[28] === 1,
  };
  const legal = DEPTHS.get(header.colourType)?.includes(header.bitDepth) ?? false;
  if (!legal || header.width === 0 || header.height === 0) throw invalid('has a bad header');
  return header;
}

/** Walks all chunks to the end mark and checks each checksum. Throws PermanentError `image_invalid`. */
export function readPngChunks(bytes: Buffer): PngChunks {
  const header = readPngHeader(bytes);
  const data: Buffer[] = [];
  let palette: Buffer | undefined;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const end = at + 8 + length;
    if (end + 4 > bytes.length) break;
    if (crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end)) {
      throw invalid('has a chunk with a wrong checksum');
    }
    const type = bytes.toString('latin1', at + 4, at + 8);
    const content = bytes.subarray(at + 8, end);
    if (type === 'PLTE') palette = content;
    if (type === 'IDAT') data.push(content);
    if (type === 'IEND') return { header, palette, data: Buffer.concat(data) };
    at = end + 4;
  }
  throw invalid('is cut off');
}

/** The error for a PNG that cannot be decoded. */
export function invalid(problem: string): PermanentError {
  return new PermanentError('image_invalid', `The PNG ${problem}.`);
}
