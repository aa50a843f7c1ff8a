import { gifWithoutMetadata } from './gif-without-metadata.ts';
import { jpegOrientation, orientationSegment } from './jpeg-orientation.ts';
import { type ImageType, isImageType } from './media-type.ts';
import { PieceReader } from './piece-reader.ts';
import { webpWithoutMetadata } from './webp-without-metadata.ts';

/** What of a PNG beside its pixels changes how they look. Everything else is text, place, time, profile or unknown. */
const KEPT_CHUNKS = new Set([
  ...['tRNS', 'gAMA', 'cHRM', 'sRGB', 'sBIT', 'bKGD', 'pHYs'],
  ...['acTL', 'fcTL', 'fdAT'],
]);

/**
 * An image on its way, without what it says beside its pixels: EXIF (GPS, scripts, prompts), texts, comments, profiles, thumbnails,
 * and whatever follows its end. A JPEG and a WebP keep how they are to be turned, an animation how often it runs. A WebP keeps its
 * length: it says that before anything else. What is no image passes as it is, and so does what is damaged, for whoever decodes
 * it to refuse.
 */
export function withoutMetadata(
  pieces: AsyncIterable<Uint8Array>,
  mediaType: string,
): AsyncIterable<Uint8Array> {
  return isImageType(mediaType) ? read(pieces, ways[mediaType]) : pieces;
}

type Way = (reader: PieceReader) => AsyncGenerator<Uint8Array>;

const ways: Readonly<Record<ImageType, Way>> = {
  'image/png': png,
  'image/jpeg': jpeg,
  'image/gif': gifWithoutMetadata,
  'image/webp': webpWithoutMetadata,
};

async function* read(pieces: AsyncIterable<Uint8Array>, how: Way): AsyncGenerator<Uint8Array> {
  const reader = new PieceReader(pieces);
  try {
    yield* how(reader);
  } finally {
    await reader.end();
  }
}

async function* png(reader: PieceReader): AsyncGenerator<Uint8Array> {
  yield* reader.pass(8);
  for (;;) {
    const head = await reader.take(8);
    if (head.length < 8) {
      yield head;
      return;
    }
    const type = head.toString('latin1', 4);
    // A small first letter says that the chunk may be left out.
    const isNeeded = (head[4]! & 0x20) === 0 || KEPT_CHUNKS.has(type);
    const following = head.readUInt32BE(0) + 4;
    if (isNeeded) {
      yield head;
      yield* reader.pass(following);
    } else {
      await reader.skip(following);
    }
    // To the end, so that whoever sends is not cut off.
    if (type === 'IEND') return reader.skip();
  }
}

async function* jpeg(reader: PieceReader): AsyncGenerator<Uint8Array> {
  yield* reader.pass(2);
  for (;;) {
    const head = await reader.take(2);
    if (head[0] !== 0xff || head.length < 2) {
      yield head;
      yield* reader.pass(Infinity);
      return;
    }
    const marker = head[1]!;
    if (marker === 0xff) {
      reader.unread(head.subarray(1));
    } else if (marker === 0xd9) {
      yield head;
      return reader.skip();
    } else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      yield head;
    } else {
      yield* segment(reader, head);
      if (marker === 0xda) yield* scan(reader);
    }
  }
}

/** A segment that has a length; at most 64 KiB. */
async function* segment(reader: PieceReader, head: Buffer): AsyncGenerator<Uint8Array> {
  const length = await reader.take(2);
  const content = await reader.take(length.length < 2 ? 0 : length.readUInt16BE(0) - 2);
  const marker = head[1]!;
  const isNeeded = (marker < 0xe1 || marker > 0xef || marker === 0xee) && marker !== 0xfe;
  if (isNeeded) {
    yield Buffer.concat([head, length, content]);
    return;
  }
  const orientation = marker === 0xe1 ? jpegOrientation(content) : undefined;
  if (orientation !== undefined) yield orientationSegment(orientation);
}

/** The pixels: up to the next FF that is neither data (FF00) nor a mark within them (FFD0 to FFD7). */
async function* scan(reader: PieceReader): AsyncGenerator<Uint8Array> {
  for (;;) {
    const piece = await reader.next();
    if (piece === undefined) return;
    const end = endOfPixels(piece);
    if (end > 0) yield piece.subarray(0, end);
    if (end === piece.length) continue;
    reader.unread(piece.subarray(end));
    if (end + 1 < piece.length) return;
    // What a last FF means is said by the piece to come.
    const mark = await reader.take(2);
    if (mark.length < 2 || !isWithinPixels(mark[1]!)) {
      reader.unread(mark);
      return;
    }
    yield mark;
  }
}

/** Index of the first FF that ends the pixels, or of a last one of which nothing is known; else the length. */
function endOfPixels(piece: Uint8Array): number {
  for (let at = piece.indexOf(0xff); at >= 0; at = piece.indexOf(0xff, at + 2)) {
    if (at + 1 === piece.length || !isWithinPixels(piece[at + 1]!)) return at;
  }
  return piece.length;
}

function isWithinPixels(mark: number): boolean {
  return mark === 0 || (mark >= 0xd0 && mark <= 0xd7);
}
