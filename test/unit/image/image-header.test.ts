import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readImageHeader } from '../../../shared/image/image-header.ts';
import { sampleBytes } from '../../support/data.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([latin1(type), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

function png(width: number, height: number, ...before: Buffer[]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    latin1('\x89PNG\r\n\x1a\n'),
    chunk('IHDR', header),
    ...before,
    chunk('IDAT', Buffer.alloc(1)),
  ]);
}

function animated(frames: number): Buffer {
  const content = Buffer.alloc(8);
  content.writeUInt32BE(frames);
  return chunk('acTL', content);
}

function jpeg(width: number, height: number, ...before: Buffer[]): Buffer {
  const frame = Buffer.from('ffc00011080000000003012200021101031101', 'hex');
  frame.writeUInt16BE(height, 5);
  frame.writeUInt16BE(width, 7);
  return Buffer.concat([Buffer.from('ffd8', 'hex'), ...before, frame]);
}

function segment(marker: number, length: number): Buffer {
  const bytes = Buffer.alloc(length + 2);
  bytes.set([0xff, marker]);
  bytes.writeUInt16BE(length, 2);
  return bytes;
}

function gif(width: number, height: number, frames = 1, frame = { width: 1, height: 1 }): Buffer {
  const screen = Buffer.alloc(13);
  screen.write('GIF89a', 'latin1');
  screen.writeUInt16LE(width, 6);
  screen.writeUInt16LE(height, 8);
  const picture = Buffer.from('2c000000000000000000020201ab00', 'hex');
  picture.writeUInt16LE(frame.width, 5);
  picture.writeUInt16LE(frame.height, 7);
  const comment = Buffer.from('21fe02686900', 'hex');
  return Buffer.concat([screen, comment, ...Array(frames).fill(picture), Buffer.from([0x3b])]);
}

function webp(kind: string, ...content: number[]): Buffer {
  const body = Buffer.from(content);
  const head = Buffer.alloc(20);
  head.write(`RIFF\0\0\0\0WEBP${kind}`, 'latin1');
  head.writeUInt32LE(body.length, 16);
  return Buffer.concat([head, body, Buffer.alloc(Math.max(0, 10 - body.length))]);
}

const three = (value: number) => [value & 255, (value >> 8) & 255, value >> 16];
const vp8 = (w: number, h: number) =>
  webp('VP8 ', 0, 0, 0, 0x9d, 1, 0x2a, w & 255, w >> 8, h & 255, h >> 8);
const vp8l = (w: number, h: number) => {
  const bits = Buffer.alloc(4);
  bits.writeUInt32LE(((w - 1) | ((h - 1) << 14)) >>> 0);
  return webp('VP8L', 0x2f, ...bits);
};
const vp8x = (w: number, h: number, frames = 0) =>
  Buffer.concat([
    webp('VP8X', 2, 0, 0, 0, ...three(w - 1), ...three(h - 1)),
    ...Array(frames).fill(Buffer.from('ANMF\0\0\0\0')),
  ]);

describe('the size of an image', () => {
  it.each([
    ['a PNG', png(640, 480)],
    ['a PNG with a profile before its pixels', png(640, 480, chunk('iCCP', Buffer.alloc(9_000)))],
    ['a PNG of 100 frames', png(640, 480, animated(100))],
    ['a JPEG', jpeg(640, 480)],
    [
      'a JPEG behind EXIF, tables and fill bytes',
      jpeg(640, 480, segment(0xe1, 60_000), segment(0xc4, 30), Buffer.from([0xff])),
    ],
    ['a GIF', gif(640, 480)],
    ['a GIF of 100 frames', gif(640, 480, 100)],
    ['a lossy WebP', vp8(640, 480)],
    ['a lossless WebP', vp8l(640, 480)],
    ['an extended WebP', vp8x(640, 480, 100)],
  ])('is read from the head of %s', (_, bytes) => {
    expect(readImageHeader(bytes)).toEqual({ width: 640, height: 480 });
  });

  it('is read from a real file, of which a hundredth is there', () => {
    const head = sampleBytes('album-moon').subarray(0, 1_000);
    expect(readImageHeader(head)).toEqual({ width: 320, height: 240 });
  });

  it.each([
    ['a PNG', png(640, 480).subarray(0, 20)],
    [
      'a PNG whose profile goes on',
      png(640, 480, chunk('iCCP', Buffer.alloc(9_000))).subarray(0, 5_000),
    ],
    ['a JPEG whose EXIF goes on', jpeg(640, 480, segment(0xe1, 60_000)).subarray(0, 5_000)],
    ['a GIF', gif(640, 480).subarray(0, 12)],
    ['a WebP', vp8(640, 480).subarray(0, 29)],
  ])('is not known yet from too little of %s', (_, bytes) => {
    expect(readImageHeader(bytes)).toBeUndefined();
  });

  it.each([
    ['196 megapixels in a PNG', png(14_000, 14_000)],
    ['17,000 by 17,000', png(17_000, 17_000)],
    ['one pixel wide and 65,535 high', png(1, 65_535)],
    ['a JPEG of 65,535 by 65,535', jpeg(65_535, 65_535)],
    ['a GIF of 65,535 by 65,535', gif(65_535, 65_535)],
    ['a small GIF with a large frame', gif(10, 10, 2, { width: 60_000, height: 60_000 })],
    ['a lossy WebP of 16,383 by 16,383', vp8(16_383, 16_383)],
    ['a lossless WebP of 16,384 by 16,384', vp8l(16_384, 16_384)],
    ['an extended WebP of 16 million by 1', vp8x(16_000_000, 1)],
    ['a GIF of 10,000 frames', gif(10, 10, 10_000)],
    ['a PNG of 10,000 frames', png(10, 10, animated(10_000))],
    ['a WebP of 10,000 frames', vp8x(10, 10, 10_000)],
  ])('is image_too_large: %s', (_, bytes) => {
    expect(() => readImageHeader(bytes)).toThrow(
      expect.objectContaining({ code: 'image_too_large' }),
    );
  });

  it.each([
    ['no image', latin1('hello')],
    ['nothing', Buffer.alloc(0)],
    ['SVG', latin1('<svg/>')],
    ['a PNG without pixels', png(0, 480)],
    [
      'a PNG that begins with another chunk',
      Buffer.concat([latin1('\x89PNG\r\n\x1a\n'), chunk('tEXt', Buffer.alloc(40))]),
    ],
    ['a JPEG without pixels', jpeg(640, 0)],
    ['a JPEG whose pixels come before its size', jpeg(640, 480, segment(0xda, 12))],
    ['a JPEG that ends before its size', jpeg(640, 480, Buffer.from('ffd90000', 'hex'))],
    ['a JPEG with a segment of no length', jpeg(640, 480, segment(0xe1, 2).fill(0, 2))],
    ['a JPEG with rubbish between segments', jpeg(640, 480, Buffer.from('0000', 'hex'))],
    ['a GIF without pixels', gif(0, 0)],
    [
      'a GIF with rubbish between blocks',
      Buffer.concat([gif(1, 1, 0).subarray(0, 13), Buffer.alloc(20)]),
    ],
    ['a WebP of no known kind', webp('ALPH', ...Array(20).fill(0))],
  ])('is image_invalid: %s', (_, bytes) => {
    expect(() => readImageHeader(bytes)).toThrow(
      expect.objectContaining({ code: 'image_invalid' }),
    );
  });

  it('is refused or read for any bytes behind a signature, and never anything else', () => {
    const heads = [png(5, 5), jpeg(5, 5), gif(5, 5), vp8(5, 5), vp8x(5, 5, 3)];
    const codes = ['image_invalid', 'image_too_large'];
    fc.assert(
      fc.property(
        fc.constantFrom(...heads),
        fc.nat(60),
        fc.uint8Array({ maxLength: 200 }),
        (head, kept, rest) => {
          try {
            readImageHeader(Buffer.concat([head.subarray(0, kept), rest]));
          } catch (error) {
            expect(codes).toContain((error as { code: string }).code);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
