import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { invalid, type PngChunks, type PngHeader, readPngChunks } from './png-chunks.ts';

/**
 * Decodes PNG without a library, so that the size is known before memory is taken: the data may inflate to exactly
 * what the header promises and not a byte more, and inflating happens off the main thread.
 */

/** The colour of a pixel, 0 to 255 each; transparency is ignored. */
export type Colour = readonly [red: number, green: number, blue: number];

/** A decoded image. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  colourAt(x: number, y: number): Colour;
}

const inflateAsync = promisify(inflate);
const CHANNELS = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]);

/** Proves that a PNG is whole: its checksums hold and its data has the promised length. Throws `image_invalid`. */
export async function checkPng(bytes: Buffer): Promise<void> {
  await inflateRows(readPngChunks(bytes));
}

/**
 * Decodes a PNG that is not interlaced, letting other work of the process run in between. Throws PermanentError
 * `image_invalid`, or the signal's reason when it fires.
 */
export async function decodePng(
  bytes: Buffer,
  signal: AbortSignal = new AbortController().signal,
): Promise<Pixels> {
  const chunks = readPngChunks(bytes);
  const { header, palette } = chunks;
  if (header.interlaced) throw invalid('is interlaced, which is not read here');
  const rows = await inflateRows(chunks);
  const { width, height, bitDepth, colourType } = header;
  const rowBytes = rowLength(header, width);
  const pixelBytes = Math.max(1, bitsPerPixel(header) >> 3);
  await unfilter(rows, { rowBytes, height, pixelBytes }, signal);

  /** The n-th sample of a row as 0 to 255; a palette index stays as it is. */
  const sample = (y: number, n: number): number => {
    const start = y * (rowBytes + 1) + 1;
    if (bitDepth === 8) return rows[start + n]!;
    if (bitDepth === 16) return rows[start + 2 * n]!;
    const bit = n * bitDepth;
    const value = (rows[start + (bit >> 3)]! >> (8 - bitDepth - (bit & 7))) & ((1 << bitDepth) - 1);
    return colourType === 3 ? value : (value * 255) / ((1 << bitDepth) - 1);
  };
  const channels = CHANNELS.get(colourType)!;
  return {
    width,
    height,
    colourAt(x, y) {
      const first = x * channels;
      if (colourType === 3) {
        const at = sample(y, first) * 3;
        return [palette?.[at] ?? 0, palette?.[at + 1] ?? 0, palette?.[at + 2] ?? 0];
      }
      const value = sample(y, first);
      return channels < 3
        ? [value, value, value]
        : [value, sample(y, first + 1), sample(y, first + 2)];
    },
  };
}

async function inflateRows({ header, data }: PngChunks): Promise<Buffer> {
  const expected = inflatedLength(header);
  try {
    const rows = await inflateAsync(data, { maxOutputLength: expected });
    if (rows.length === expected) return rows;
  } catch {
    // Said below: zlib's own words help nobody.
  }
  throw invalid('has broken pixel data');
}

/** Bytes of all rows with their filter byte; interlaced images store seven smaller ones. */
function inflatedLength(header: PngHeader): number {
  const passes = header.interlaced
    ? [
        [0, 0, 8, 8],
        [4, 0, 8, 8],
        [0, 4, 4, 8],
        [2, 0, 4, 4],
        [0, 2, 2, 4],
        [1, 0, 2, 2],
        [0, 1, 1, 2],
      ]
    : [[0, 0, 1, 1]];
  return passes.reduce((sum, [x = 0, y = 0, stepX = 1, stepY = 1]) => {
    const width = Math.ceil((header.width - x) / stepX);
    const height = Math.ceil((header.height - y) / stepY);
    return width > 0 && height > 0 ? sum + height * (1 + rowLength(header, width)) : sum;
  }, 0);
}

function bitsPerPixel({ bitDepth, colourType }: PngHeader): number {
  return bitDepth * CHANNELS.get(colourType)!;
}

function rowLength(header: PngHeader, width: number): number {
  return Math.ceil((width * bitsPerPixel(header)) / 8);
}

/** How a PNG's rows lie in memory: each has one filter byte before it. */
interface Layout {
  readonly rowBytes: number;
  readonly height: number;
  readonly pixelBytes: number;
}

/** Bytes undone before other work of the process gets a turn; some milliseconds. */
const TURN_BYTES = 1024 * 1024;

/** Undoes the filter of each row in place (PNG specification, section 9). */
async function unfilter(
  rows: Buffer,
  { rowBytes, height, pixelBytes }: Layout,
  signal: AbortSignal,
): Promise<void> {
  const rowsPerTurn = Math.max(1, Math.floor(TURN_BYTES / rowBytes));
  let above: Uint8Array = new Uint8Array(rowBytes);
  for (let y = 0; y < height; y++) {
    if (y % rowsPerTurn === 0) {
      await setImmediate();
      signal.throwIfAborted();
    }
    const start = y * (rowBytes + 1) + 1;
    const row = rows.subarray(start, start + rowBytes);
    unfilterRow(rows[start - 1]!, row, above, pixelBytes);
    above = row;
  }
}

function unfilterRow(filter: number, row: Uint8Array, above: Uint8Array, pixelBytes: number): void {
  if (filter > 4) throw invalid('has an unknown filter');
  if (filter === 0) return;
  for (let n = 0; n < row.length; n++) {
    const left = n < pixelBytes ? 0 : row[n - pixelBytes]!;
    const up = above[n]!;
    if (filter === 1) row[n] = row[n]! + left;
    else if (filter === 2) row[n] = row[n]! + up;
    else if (filter === 3) row[n] = row[n]! + ((left + up) >> 1);
    else row[n] = row[n]! + paeth(left, up, n < pixelBytes ? 0 : above[n - pixelBytes]!);
  }
}

/** Of three neighbours the one nearest to left + up - corner. */
function paeth(left: number, up: number, corner: number): number {
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
