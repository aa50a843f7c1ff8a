import { promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';
import type { PngHeader } from './png-chunks.ts';
import { colourIn, type PngRow } from './png-pixels.ts';
import type { PngStream } from './png-stream.ts';

const deflateAsync = promisify(deflate);
const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
/** Grey, 8 bits, neither filtered nor interlaced. */
const GREY = [8, 0, 0, 0, 0];

/**
 * The same picture in grey with at most so many pixels, each the mean of a square of the original, as a PNG. Memory is that of the
 * smaller one. Throws what the rows throw.
 */
export async function shrunkGrey(
  png: PngStream,
  maxPixels: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const { header } = png;
  const side = Math.max(1, Math.ceil(Math.sqrt((header.width * header.height) / maxPixels)));
  // What is left over on the right and at the bottom is less than a pixel of the smaller picture.
  const width = Math.max(1, Math.floor(header.width / side));
  const height = Math.max(1, Math.floor(header.height / side));
  const pixels = Buffer.alloc(height * (width + 1));
  const sums = new Uint32Array(width);
  const across = Math.min(side, header.width);
  const down = Math.min(side, header.height);
  const grey = greyOf(header);
  let y = 0;
  for await (const row of png.rows(signal)) {
    const line = Math.floor(y / down);
    y += 1;
    if (line >= height) continue;
    for (let x = 0; x < width * across; x += 1) {
      sums[Math.floor(x / across)]! += grey(row, x);
    }
    if (y % down !== 0) continue;
    const start = line * (width + 1) + 1;
    for (let x = 0; x < width; x += 1) pixels[start + x] = sums[x]! / (across * down);
    sums.fill(0);
  }
  return encoded(width, height, pixels);
}

/** How bright a pixel is, 0 (black) to 255 (white); what can be seen through is white paper. */
function greyOf(header: PngHeader): (row: PngRow, x: number) => number {
  const { bitDepth, colourType } = header;
  if (bitDepth === 8 && colourType === 2) {
    return ({ bytes }, x) => brightness(bytes[3 * x]!, bytes[3 * x + 1]!, bytes[3 * x + 2]!);
  }
  if (bitDepth === 8 && colourType === 0) return ({ bytes }, x) => bytes[x]!;
  const channels = colourType === 4 ? 2 : colourType === 6 ? 4 : 0;
  const bytesOfSample = bitDepth === 16 ? 2 : 1;
  return (row, x) => {
    const value = brightness(...colourIn(header, row, x));
    if (channels === 0) return value;
    const alpha = row.bytes[(channels * (x + 1) - 1) * bytesOfSample]!;
    return 255 - ((255 - value) * alpha) / 255;
  };
}

function brightness(red: number, green: number, blue: number): number {
  return (54 * red + 183 * green + 19 * blue) / 256;
}

async function encoded(width: number, height: number, pixels: Buffer): Promise<Buffer> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set(GREY, 8);
  const data = await deflateAsync(pixels, { level: 1 });
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
