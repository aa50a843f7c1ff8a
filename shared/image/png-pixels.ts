import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { invalid, type PngChunks, type PngHeader, readPngChunks } from './png-chunks.ts';

/**
 * What the bytes of a PNG mean, without a library: the size is known before memory is taken, the data may inflate to exactly
 * what the header promises and not a byte more, and inflating happens off the main thread.
 */

/** The colour of a pixel, 0 to 255 each; transparency is ignored. */
export type Colour = readonly [red: number, green: number, blue: number];

/** A row of pixels. */
export interface PngRow {
  readonly bytes: Uint8Array;
  /** RGB triplets, for images whose pixels are numbers of colours. */
  readonly palette: Buffer | undefined;
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

/** The colour of the n-th pixel of a row whose filter is undone. */
export function colourIn(
  { bitDepth, colourType }: PngHeader,
  { bytes: row, palette }: PngRow,
  x: number,
): Colour {
  /** The n-th sample as 0 to 255; a palette index stays as it is. */
  const sample = (n: number): number => {
    if (bitDepth === 8) return row[n]!;
    if (bitDepth === 16) return row[2 * n]!;
    const bit = n * bitDepth;
    const value = (row[bit >> 3]! >> (8 - bitDepth - (bit & 7))) & ((1 << bitDepth) - 1);
    return colourType === 3 ? value : (value * 255) / ((1 << bitDepth) - 1);
  };
  const channels = CHANNELS.get(colourType)!;
  const first = x * channels;
  const value = sample(first);
  if (colourType === 3) {
    const at = value * 3;
    return [palette?.[at] ?? 0, palette?.[at + 1] ?? 0, palette?.[at + 2] ?? 0];
  }
  return channels < 3 ? [value, value, value] : [value, sample(first + 1), sample(first + 2)];
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

/** Bytes of a row of so many pixels. */
export function rowLength(header: PngHeader, width: number): number {
  return Math.ceil((width * bitsPerPixel(header)) / 8);
}

/** Undoes the filter of a row in place (PNG specification, section 9). */
export function unfilterRow(
  filter: number,
  row: Uint8Array,
  above: Uint8Array,
  pixelBytes: number,
): void {
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
