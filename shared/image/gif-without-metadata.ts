import type { PieceReader } from './piece-reader.ts';

const IMAGE = 0x2c;
const EXTENSION = 0x21;
const END = 0x3b;

/** Extensions that say how a picture looks, and how long they are. Comments, plain texts and the rest say something else. */
const DRAWING = { label: 0xf9, bytes: 6 };
const APPLICATION = { label: 0xff, bytes: 17 };
/** Blocks of applications that say how often an animation runs: a name, and three bytes of which the first is 1. */
const LOOPS = ['NETSCAPE2.0', 'ANIMEXTS1.0'].map((name) => `\x0b${name}\x03\x01`);

/** A GIF without comments, texts, what applications left in it (XMP, profiles), and whatever follows its end. */
export async function* gifWithoutMetadata(reader: PieceReader): AsyncGenerator<Uint8Array> {
  const head = await reader.take(13);
  yield head;
  if (head.length === 13) yield* reader.pass(colourTableBytes(head[10]!));
  for (;;) {
    const kind = await reader.take(1);
    if (kind[0] === EXTENSION) {
      yield* extension(reader, kind);
      continue;
    }
    yield kind;
    if (kind[0] === END) return reader.skip();
    if (kind[0] !== IMAGE) return yield* reader.pass(Infinity);
    const descriptor = await reader.take(9);
    yield descriptor;
    // Its colours, and a byte of code size.
    if (descriptor.length === 9) yield* reader.pass(colourTableBytes(descriptor[8]!) + 1);
    yield* blocks(reader);
  }
}

async function* extension(reader: PieceReader, kind: Buffer): AsyncGenerator<Uint8Array> {
  const label = await reader.take(1);
  const { bytes = 0 } = [DRAWING, APPLICATION].find((known) => known.label === label[0]) ?? {};
  const body = await reader.take(bytes);
  const text = body.toString('latin1');
  const isLook = label[0] === DRAWING.label && text[0] === '\x04';
  const isLoop = label[0] === APPLICATION.label && LOOPS.some((start) => text.startsWith(start));
  const isNeeded = (isLook || isLoop) && body.length === bytes && text.endsWith('\0');
  if (isNeeded) {
    yield Buffer.concat([kind, label, body]);
    return;
  }
  reader.unread(body);
  for await (const _ of blocks(reader));
}

/** A row of sub-blocks, each behind its length, with an empty one at the end. */
async function* blocks(reader: PieceReader): AsyncGenerator<Uint8Array> {
  for (;;) {
    const length = await reader.take(1);
    yield length;
    if (!length[0]) return;
    yield* reader.pass(length[0]);
  }
}

function colourTableBytes(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1);
}
