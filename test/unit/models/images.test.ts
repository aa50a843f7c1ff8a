import { setImmediate } from 'node:timers/promises';
import { crc32, deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { model } from '../../../services/image-describer/model.ts';
import { readPicture } from '../../../shared/image/picture.ts';
import { shrunkGrey } from '../../../shared/image/png-grey.ts';
import { type Colour, colourIn } from '../../../shared/image/png-pixels.ts';
import { openPng } from '../../../shared/image/png-stream.ts';
import { sampleBytes, sampleImage } from '../../support/data.ts';
import { loadModel } from '../../support/load-model.ts';

const pngUrl = (bytes: Buffer) => `data:image/png;base64,${bytes.toString('base64')}`;

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A PNG made by hand: `rows` are its raw rows with their filter bytes. */
function png(
  { width, height, bitDepth = 8, colourType = 0, interlace = 0 }: Record<string, number>,
  rows: Buffer,
  ...extra: Buffer[]
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width!, 0);
  header.writeUInt32BE(height!, 4);
  header.set([bitDepth, colourType, 0, 0, interlace], 8);
  const magic = Buffer.from('89504e470d0a1a0a', 'hex');
  const data = chunk('IDAT', deflateSync(rows));
  return Buffer.concat([
    magic,
    chunk('IHDR', header),
    ...extra,
    data,
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** All pixels of a PNG that comes in pieces of so many bytes, row by row. */
async function decode(bytes: Buffer, pieceBytes = 7): Promise<Colour[][]> {
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  const png = await openPng(pieces());
  const rows: Colour[][] = [];
  for await (const row of png.rows(new AbortController().signal)) {
    rows.push(Array.from({ length: png.header.width }, (_, x) => colourIn(png.header, row, x)));
  }
  return rows;
}

describe('an image in a message', () => {
  it('is read from its header alone', () => {
    expect(readPicture(sampleImage('album-moon'))).toMatchObject({
      format: 'png',
      width: 320,
      height: 240,
    });
  });

  const huge = png({ width: 20_000, height: 20_000 }, Buffer.alloc(0));
  const thin = png({ width: 1, height: 65_535 }, Buffer.alloc(0));
  const jpegOf = (size: string) =>
    `data:image/jpeg;base64,${Buffer.from(`ffd8ffc00011080${size}03012200021101031101ffd9`, 'hex').toString('base64')}`;
  it.each([
    ['no data URL', 'http://127.0.0.1/receipt.png', 'image_invalid'],
    ['no base64', 'data:image/png;base64,@@@@', 'image_invalid'],
    ['nothing', 'data:image/png;base64,', 'image_invalid'],
    ['a PNG called JPEG', sampleImage('album-moon').replace('png', 'jpeg'), 'media_mismatch'],
    [
      'an SVG',
      `data:image/svg+xml;base64,${Buffer.from('<svg/>').toString('base64')}`,
      'media_mismatch',
    ],
    ['HTML called PNG', pngUrl(Buffer.from('<html></html>')), 'media_mismatch'],
    ['a PNG of 400 megapixels', pngUrl(huge), 'image_too_large'],
    ['a PNG one pixel wide and 65,535 high', pngUrl(thin), 'image_too_large'],
    ['a JPEG of 65,535 by 65,535', jpegOf('ffffffff0'), 'image_too_large'],
    ['a JPEG without a frame header', 'data:image/jpeg;base64,/9j/2Q==', 'image_invalid'],
    ['more than 6 MiB', pngUrl(Buffer.alloc(6.1 * 1024 * 1024)), 'image_too_large'],
    ['a PNG cut off in its header', pngUrl(huge.subarray(0, 20)), 'image_invalid'],
  ])('is refused when it is %s', (_what, url, code) => {
    expect(() => readPicture(url)).toThrow(expect.objectContaining({ code }));
  });
});

describe('decoding a PNG', () => {
  it('undoes each of the five filters', async () => {
    // The same picture five times: each row filtered another way, the values worked out by hand.
    const rows = Buffer.from([0, 10, 20, 1, 10, 10, 2, 0, 0, 3, 5, 5, 4, 0, 0]);
    const pixels = await decode(png({ width: 2, height: 5 }, rows));
    expect(pixels.map((row) => row.map(([grey]) => grey))).toEqual([
      [10, 20],
      [10, 20],
      [10, 20],
      [10, 20],
      [10, 20],
    ]);
  });

  it('reads small depths, palettes and 16 bits', async () => {
    const bits = await decode(
      png({ width: 3, height: 1, bitDepth: 1 }, Buffer.from([0, 0b10100000])),
    );
    expect(bits[0]?.map(([grey]) => grey)).toEqual([255, 0, 255]);
    const palette = chunk('PLTE', Buffer.from([1, 2, 3, 4, 5, 6]));
    const indexed = await decode(
      png({ width: 2, height: 1, bitDepth: 4, colourType: 3 }, Buffer.from([0, 0x10]), palette),
    );
    expect(indexed).toEqual([
      [
        [4, 5, 6],
        [1, 2, 3],
      ],
    ]);
    const deep = Buffer.from([0, 9, 0, 8, 0, 7, 0]);
    const wide = await decode(png({ width: 1, height: 1, bitDepth: 16, colourType: 2 }, deep));
    expect(wide).toEqual([[[9, 8, 7]]]);
  });

  it('leaves nothing behind on the way, however many pieces there are', async () => {
    const warnings: Error[] = [];
    const hear = (warning: Error) => void warnings.push(warning);
    process.on('warning', hear);
    const noise = Buffer.alloc(201 * 1_000, 7);
    for (let row = 0; row < 1_000; row += 1) noise[row * 201] = 0;
    const rows = await decode(png({ width: 200, height: 1_000 }, noise), 3);
    await setImmediate();
    process.off('warning', hear);
    expect(rows.length).toBe(1_000);
    expect(warnings).toEqual([]);
  });

  const flipped = Buffer.from(sampleBytes('album-moon'));
  flipped[flipped.length - 40]! ^= 1;
  it.each([
    ['cut off', sampleBytes('album-moon').subarray(0, 600)],
    ['changed by one bit', flipped],
    [
      'followed by more data than its size needs',
      png({ width: 2, height: 2 }, Buffer.alloc(50_000_000)),
    ],
    ['short of data', png({ width: 200, height: 200 }, Buffer.alloc(50))],
    ['filtered in an unknown way', png({ width: 1, height: 1 }, Buffer.from([9, 0]))],
    ['interlaced', png({ width: 1, height: 1, interlace: 1 }, Buffer.from([0, 0]))],
  ])('fails as image_invalid when it is %s', async (_what, bytes) => {
    await expect(decode(bytes, 10_000)).rejects.toMatchObject({ code: 'image_invalid' });
  });
});

describe('a PNG made smaller', () => {
  const signal = new AbortController().signal;
  async function shrunk(original: Buffer, maxPixels: number): Promise<number[][]> {
    async function* whole() {
      yield original;
    }
    const rows = await decode(await shrunkGrey(await openPng(whole()), maxPixels, signal));
    return rows.map((row) => row.map(([grey]) => Math.round(grey)));
  }

  it('has the mean of each square, and leaves out what is less than one', async () => {
    const rows = Buffer.from([0, 10, 30, 100, 100, 7, 0, 30, 10, 100, 100, 7, 0, 7, 7, 7, 7, 7]);
    expect(await shrunk(png({ width: 5, height: 3 }, rows), 4)).toEqual([[20, 100]]);
  });

  it('stays as it is when it is small enough, in grey, on white paper', async () => {
    const half = Buffer.from([0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 255, 255, 255]);
    expect(await shrunk(png({ width: 3, height: 1, colourType: 6 }, half), 10)).toEqual([
      [0, 255, 255],
    ]);
    const deep = Buffer.from([0, 100, 0, 128, 0]);
    const grey = await shrunk(png({ width: 1, height: 1, bitDepth: 16, colourType: 4 }, deep), 10);
    expect(grey[0]?.[0]).toBeCloseTo(177, -1);
  });

  it('is one line when it is thinner than a square', async () => {
    const line = Buffer.concat([Buffer.from([0]), Buffer.alloc(1_000, 50)]);
    expect(await shrunk(png({ width: 1_000, height: 1 }, line), 10)).toEqual([
      Array.from({ length: 100 }, () => 50),
    ]);
  });
});

describe('the image describer', () => {
  it.each([
    [
      'album-moon',
      ['dark blue'],
      'a wide 320x240 picture, mostly dark blue, brightest in the middle',
    ],
    [
      'album-snow',
      ['white', 'grey', 'dark green'],
      'a square 256x256 picture, mostly white with grey and dark green',
    ],
    ['album-meadow', ['green', 'blue'], 'a tall 240x320 picture, mostly green with blue'],
  ])('says how %s looks', async (name, dominantColors, description) => {
    const describer = await loadModel(model);
    expect(await describer.run({ image: sampleImage(name) })).toMatchObject({
      format: 'png',
      dominantColors,
      description,
    });
  });

  it('refuses a JPEG, which it cannot decode', async () => {
    const describer = await loadModel(model);
    const jpeg = Buffer.from('ffd8ffc0001108001000100301220002110103110100', 'hex');
    await expect(
      describer.run({ image: `data:image/jpeg;base64,${jpeg.toString('base64')}` }),
    ).rejects.toMatchObject({ code: 'media_unsupported' });
  });
});
