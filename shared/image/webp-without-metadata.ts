import { orientationIn, orientationTiff, withoutName } from './jpeg-orientation.ts';
import type { PieceReader } from './piece-reader.ts';

const PIXELS = ['VP8 ', 'VP8L', 'ALPH', 'ANIM'];
/** A frame is 16 bytes, and chunks of its own. */
const FRAME = 'ANMF';
const FRAME_BYTES = 16;
/** What else there is, and what of it is there: profile, EXIF and XMP have a bit each. */
const FEATURES = 'VP8X';
const NO_PROFILE_NOR_XMP = 0xff & ~0x24;
const EXIF = 'EXIF';
/** The place of what is taken away: nobody reads chunks of unknown names, and the length of the whole was said before. */
const NOTHING = Buffer.from('JUNK');
const BLANK = Buffer.alloc(64 * 1024);

/**
 * A WebP whose chunks that are not pixels are blank: XMP, profile, whatever nobody knows, and EXIF but for how the picture is to be
 * turned. What follows its end is taken away.
 */
export async function* webpWithoutMetadata(reader: PieceReader): AsyncGenerator<Uint8Array> {
  const head = await reader.take(12);
  yield head;
  if (!/^RIFF.{4}WEBP$/s.test(head.toString('latin1'))) return yield* reader.pass(Infinity);
  let left = head.readUInt32LE(4) - 4;
  while (left >= 8) {
    const chunk = await reader.take(8);
    if (chunk.length < 8) return yield chunk;
    const name = chunk.toString('latin1', 0, 4);
    const content = chunk.readUInt32LE(4);
    const whole = name === FRAME ? FRAME_BYTES : content + (content % 2);
    const bytes = Math.min(whole, left - 8);
    left -= 8 + bytes;
    if (PIXELS.includes(name) || name === FRAME) {
      yield chunk;
      yield* reader.pass(bytes);
    } else if (name === FEATURES) {
      yield chunk;
      yield* features(reader, bytes);
    } else if (name === EXIF) {
      yield chunk;
      yield* turned(reader, bytes);
    } else {
      yield Buffer.concat([NOTHING, chunk.subarray(4)]);
      yield* blank(reader, bytes);
    }
  }
  yield* blank(reader, Math.max(0, left));
  await reader.skip();
}

async function* features(reader: PieceReader, bytes: number): AsyncGenerator<Uint8Array> {
  const [flags] = await reader.take(Math.min(1, bytes));
  if (flags === undefined) return;
  yield Buffer.from([flags & NO_PROFILE_NOR_XMP]);
  yield* reader.pass(bytes - 1);
}

/** As many bytes of EXIF that says how the picture is to be turned, and nothing else. */
async function* turned(reader: PieceReader, bytes: number): AsyncGenerator<Uint8Array> {
  const content = await reader.take(Math.min(bytes, BLANK.length));
  const orientation = orientationIn(withoutName(content));
  const said = orientation === undefined ? BLANK : orientationTiff(orientation);
  yield Buffer.concat([said], content.length);
  yield* blank(reader, bytes - content.length);
}

/** As many bytes as there are of so many, and none of them. */
async function* blank(reader: PieceReader, bytes: number): AsyncGenerator<Uint8Array> {
  for await (const piece of reader.pass(bytes)) {
    for (let at = 0; at < piece.length; at += BLANK.length) {
      yield BLANK.subarray(0, Math.min(BLANK.length, piece.length - at));
    }
  }
}
