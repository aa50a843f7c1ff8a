import { crc32, createInflate, type Inflate } from 'node:zlib';
import { readImageHeader } from './image-header.ts';
import { invalid, type PngHeader, readPngHeader } from './png-chunks.ts';
import { type PngRow, rowLength, unfilterRow } from './png-pixels.ts';
import { StreamBytes } from './stream-bytes.ts';

/**
 * A PNG of any number of bytes, read as it arrives: two rows are in memory, whatever its size. Texts, profiles and whatever else the
 * pixels do not need are passed over.
 */
export interface PngStream {
  readonly header: PngHeader;
  /**
   * The rows from top to bottom, each with its filter undone and good until the next is asked for. The stream has been read to its end when
   * they end. Throws PermanentError `image_invalid`, what the source throws, or the signal's reason. May be used once.
   */
  rows(signal: AbortSignal): AsyncGenerator<PngRow>;
  /** Ends it without its rows. */
  close(): Promise<void>;
}

const HEADER_BYTES = 33;
const LARGEST_PALETTE_BYTES = 3 * 256;

/** Reads the header and nothing more. Throws PermanentError `image_invalid`, `image_too_large`, or what the source throws. */
export async function openPng(source: AsyncIterable<Uint8Array>): Promise<PngStream> {
  const bytes = new StreamBytes(source, () => invalid('is cut off'));
  try {
    const head = await bytes.take(HEADER_BYTES);
    readImageHeader(head);
    const header = readPngHeader(head);
    checkSum(crc32(head.subarray(12, 29)), head.readUInt32BE(29));
    return {
      header,
      rows: (signal) => readRows(header, bytes, signal),
      close: () => bytes.close(),
    };
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

async function* readRows(
  header: PngHeader,
  bytes: StreamBytes,
  signal: AbortSignal,
): AsyncGenerator<PngRow> {
  if (header.interlaced) throw invalid('is interlaced, which is not read here');
  const chunks = new Chunks(bytes);
  const inflate = createInflate();
  inflate.on('error', () => {});
  const feeding = feed(chunks, inflate);
  feeding.catch((error) => inflate.destroy(error));
  try {
    const rowBytes = rowLength(header, header.width);
    const pixelBytes = Math.max(1, rowLength(header, 1));
    let row = new Uint8Array(rowBytes);
    let above = new Uint8Array(rowBytes);
    let filter = -1;
    let filled = 0;
    let rows = 0;
    for await (const piece of inflated(inflate)) {
      signal.throwIfAborted();
      for (let at = 0; at < piece.length; ) {
        if (rows === header.height) throw invalid('has more pixel data than its size');
        if (filter < 0) {
          filter = piece[at]!;
          at += 1;
        }
        const part = piece.subarray(at, at + rowBytes - filled);
        row.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled < rowBytes) continue;
        unfilterRow(filter, row, above, pixelBytes);
        yield { bytes: row, palette: chunks.palette };
        [row, above] = [above, row];
        [filter, filled] = [-1, 0];
        rows += 1;
      }
    }
    if (rows < header.height) throw invalid('has less pixel data than its size');
    // The end proves the rest: checksums, and what the source itself has to say of its bytes.
    await feeding;
    signal.throwIfAborted();
  } finally {
    inflate.destroy();
    await bytes.close();
  }
}

/** zlib's own words help nobody; what the source said goes through. */
async function* inflated(inflate: Inflate): AsyncGenerator<Uint8Array> {
  try {
    yield* inflate;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code?.startsWith('Z_') ? invalid('has broken pixel data') : error;
  }
}

async function feed(chunks: Chunks, inflate: Inflate): Promise<void> {
  for await (const piece of chunks.data()) {
    if (inflate.destroyed || inflate.writableEnded) continue;
    // Told of it also when the stream is destroyed.
    await new Promise<void>((resolve) => inflate.write(piece, () => resolve()));
  }
  inflate.end();
}

/** The chunks behind the header. */
class Chunks {
  palette: Buffer | undefined;
  readonly #bytes: StreamBytes;

  constructor(bytes: StreamBytes) {
    this.#bytes = bytes;
  }

  /** Pixel data, still deflated, up to the end of the stream. */
  async *data(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const head = await this.#bytes.take(8);
      const length = head.readUInt32BE(0);
      const type = head.toString('latin1', 4, 8);
      let sum = crc32(head.subarray(4));
      const kept: Uint8Array[] = [];
      if (type === 'PLTE' && length > LARGEST_PALETTE_BYTES) throw invalid('has a bad palette');
      for await (const piece of this.#bytes.pieces(length)) {
        sum = crc32(piece, sum);
        if (type === 'IDAT') yield piece;
        if (type === 'PLTE') kept.push(piece);
      }
      checkSum(sum, (await this.#bytes.take(4)).readUInt32BE(0));
      if (type === 'PLTE') this.palette = Buffer.concat(kept);
      if (type === 'IEND') return await this.#bytes.drain();
    }
  }
}

function checkSum(found: number, said: number): void {
  if (found !== said) throw invalid('has a chunk with a wrong checksum');
}
