import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { crc32, createDeflate } from 'node:zlib';
import { colourIn } from '../../shared/image/png-pixels.ts';
import { openPng } from '../../shared/image/png-stream.ts';

export interface Enlargement {
  /** Each pixel of the original becomes a square of so many pixels on a side. */
  readonly times: number;
  /** Size of the paper that it lies on, in pixels. */
  readonly width: number;
  readonly height: number;
}

/**
 * Writes a picture as a scanner does that saves no bytes: in true colour, many times its size, on white paper, not compressed. One row is in
 * memory at a time.
 */
export async function writeLargePng(
  original: Buffer,
  file: string,
  { times, width, height }: Enlargement,
): Promise<void> {
  const out = createWriteStream(file);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  out.write(Buffer.from('89504e470d0a1a0a', 'hex'));
  out.write(chunk('IHDR', header));
  const deflate = createDeflate({ level: 0 });
  const written = (async () => {
    for await (const piece of deflate) {
      if (!out.write(chunk('IDAT', piece))) await once(out, 'drain');
    }
  })();
  for await (const row of rowsOf(original, { times, width, height })) {
    if (!deflate.write(row)) await once(deflate, 'drain');
  }
  deflate.end();
  await written;
  out.end(chunk('IEND', Buffer.alloc(0)));
  await once(out, 'close');
}

async function* rowsOf(
  original: Buffer,
  { times, width, height }: Enlargement,
): AsyncGenerator<Buffer> {
  async function* whole() {
    yield original;
  }
  const png = await openPng(whole());
  const left = Math.floor((width - png.header.width * times) / 2);
  const above = Math.floor((height - png.header.height * times) / 2);
  const paper = Buffer.alloc(1 + 3 * width, 0xff);
  paper[0] = 0;
  for (let y = 0; y < above; y += 1) yield Buffer.from(paper);
  for await (const row of png.rows(new AbortController().signal)) {
    const line = Buffer.from(paper);
    for (let x = 0; x < png.header.width; x += 1) {
      const colour = Buffer.from(colourIn(png.header, row, x));
      const at = 1 + 3 * (left + x * times);
      line.fill(colour, at, at + 3 * times);
    }
    for (let copy = 0; copy < times; copy += 1) yield Buffer.from(line);
  }
  const below = height - above - png.header.height * times;
  for (let y = 0; y < below; y += 1) yield Buffer.from(paper);
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
