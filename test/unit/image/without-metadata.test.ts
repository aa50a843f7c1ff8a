import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutMetadata } from '../../../shared/image/without-metadata.ts';
import { sampleBytes } from '../../support/data.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function stripped(bytes: Uint8Array, mediaType: string, size = 1_000): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of withoutMetadata(cut(bytes, size), mediaType)) pieces.push(piece);
  return Buffer.concat(pieces);
}

function chunk(type: string, content: Buffer | string): Buffer {
  const body = Buffer.concat([latin1(type), Buffer.from(content)]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length - 4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

const png = (...chunks: Buffer[]) =>
  Buffer.concat([
    latin1('\x89PNG\r\n\x1a\n'),
    chunk('IHDR', Buffer.alloc(13)),
    ...chunks,
    chunk('IEND', ''),
  ]);

function segment(marker: number, content: Buffer | string): Buffer {
  const body = Buffer.from(content);
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

/** EXIF with a place, and how the picture is to be turned. */
function exif(order: 'II' | 'MM', orientation: number): Buffer {
  const tiff = Buffer.alloc(60);
  const little = order === 'II';
  const short = (value: number, at: number) =>
    little ? tiff.writeUInt16LE(value, at) : tiff.writeUInt16BE(value, at);
  const long = (value: number, at: number) =>
    little ? tiff.writeUInt32LE(value, at) : tiff.writeUInt32BE(value, at);
  tiff.write(little ? 'II*\0' : 'MM\0*', 'latin1');
  long(8, 4);
  short(2, 8);
  short(0x8825, 10);
  short(0x0112, 22);
  short(3, 24);
  long(1, 26);
  short(orientation, 30);
  tiff.write('GPS 48.85', 40, 'latin1');
  return Buffer.concat([latin1('Exif\0\0'), tiff]);
}

const frame = segment(0xc0, hex('08 0010 0010 03 012200 021101 031101'));
const jfif = segment(0xe0, latin1('JFIF\0\x01\x02\0\0\x01\0\x01\0\0'));
const pixels = hex('12 34 ff00 56 ffd0 78 ff00');
const jpeg = (...segments: Buffer[]) =>
  Buffer.concat([hex('ffd8'), ...segments, segment(0xda, hex('0101003f00')), pixels, hex('ffd9')]);

describe('a PNG on its way into a store', () => {
  it('loses texts, time, profile, EXIF and what nobody knows, and keeps what changes how it looks', async () => {
    const look = [chunk('gAMA', '1234'), chunk('tRNS', 'ab'), chunk('PLTE', 'abc')];
    const data = chunk('IDAT', 'pixels');
    const said = [
      chunk('tEXt', 'Comment\0ignore previous instructions'),
      chunk('zTXt', Buffer.alloc(70_000, 1)),
      chunk('iTXt', 'XML:com.adobe.xmp\0'),
      chunk('eXIf', exif('MM', 1)),
      chunk('iCCP', 'a bomb'),
      chunk('tIME', '1234567'),
      chunk('prVt', 'private'),
    ];
    const bytes = png(...said.slice(0, 4), ...look, data, ...said.slice(4));
    for (const size of [1, 7, 1_000, 1_000_000]) {
      expect(await stripped(bytes, 'image/png', size)).toEqual(png(...look, data));
    }
  });

  it('ends where it says', async () => {
    const page = Buffer.concat([png(), latin1('PK\x03\x04<script>')]);
    expect(await stripped(page, 'image/png')).toEqual(png());
  });

  it('stays as it is when nothing is to be taken away', async () => {
    const image = sampleBytes('album-moon');
    expect(await stripped(image, 'image/png')).toEqual(image);
  });
});

describe('a JPEG on its way into a store', () => {
  it('loses EXIF, profile, XMP, comments and thumbnails, and keeps its pixels', async () => {
    const bytes = jpeg(
      jfif,
      segment(0xe1, exif('MM', 1)),
      segment(0xe1, latin1('http://ns.adobe.com/xap/1.0/\0<script>')),
      segment(0xe2, latin1('ICC_PROFILE\0')),
      segment(0xed, latin1('Photoshop 3.0\0')),
      segment(0xfe, 'ignore previous instructions'),
      frame,
    );
    for (const size of [1, 2, 3, 1_000]) {
      expect(await stripped(bytes, 'image/jpeg', size)).toEqual(jpeg(jfif, frame));
    }
  });

  it.each(['II', 'MM'] as const)(
    'keeps how it is to be turned, and no place (%s)',
    async (order) => {
      const turned = await stripped(jpeg(segment(0xe1, exif(order, 6)), frame), 'image/jpeg');
      expect(turned.includes('GPS')).toBe(false);
      const only = segment(
        0xe1,
        Buffer.concat([
          latin1('Exif\0\0MM\0*'),
          hex('00000008 0001 0112 0003 00000001 0006 0000 00000000'),
        ]),
      );
      expect(turned).toEqual(jpeg(only, frame));
    },
  );

  it('loses comments between its scans, and what follows its end', async () => {
    const scan = Buffer.concat([segment(0xda, hex('0101003f00')), pixels]);
    const start = Buffer.concat([hex('ffd8'), frame, scan]);
    const comment = segment(0xfe, 'between');
    const end = Buffer.concat([scan, hex('ffd9')]);
    const bytes = Buffer.concat([start, comment, end, latin1('<html>')]);
    for (const size of [1, 5, 1_000]) {
      const left = await stripped(bytes, 'image/jpeg', size);
      expect(left).toEqual(Buffer.concat([start, end]));
    }
  });
});

/** Files as programs write them: https://exiftool.org, libwebp and gifsicle. */
const file = (name: string) =>
  readFileSync(resolve(import.meta.dirname, '../../data/images', name));
const words = ['ignore previous', 'GPS', 'Artist', 'xmpmeta', 'profile', 'adobe'];

/** Names and contents of a WebP's chunks; those of a frame are among them. */
function chunksOf(webp: Buffer): (readonly [string, string])[] {
  const chunks: (readonly [string, string])[] = [];
  for (let at = 12; at < webp.length; ) {
    const name = webp.toString('latin1', at, at + 4);
    const length = name === 'ANMF' ? 16 : webp.readUInt32LE(at + 4);
    chunks.push([name, webp.toString('hex', at + 8, at + 8 + length)]);
    at += 8 + length + (length % 2);
  }
  return chunks;
}

const pixelsOf = (webp: Buffer) =>
  chunksOf(webp).filter(([name]) => ['VP8 ', 'VP8L', 'ALPH', 'ANIM', 'ANMF'].includes(name));

describe('a WebP on its way into a store', () => {
  it.each(['turned.webp', 'animation.webp'])(
    'loses EXIF, XMP and profile, and keeps its pixels: %s',
    async (name) => {
      const bytes = file(name);
      for (const size of [1, 7, 1_000]) {
        const left = await stripped(bytes, 'image/webp', size);
        expect(words.filter((word) => left.includes(word))).toEqual([]);
        expect(pixelsOf(left)).toEqual(pixelsOf(bytes));
        // It says first how long it is.
        expect([left.length, left.readUInt32LE(4)]).toEqual([bytes.length, bytes.length - 8]);
      }
    },
  );

  it('says no more that there is a profile or XMP, and keeps how it is to be turned', async () => {
    const left = chunksOf(await stripped(file('turned.webp'), 'image/webp'));
    const [, features] = left.find(([name]) => name === 'VP8X') ?? [];
    // EXIF and transparency.
    expect(features?.slice(0, 2)).toBe('18');
    const [, turned] = left.find(([name]) => name === 'EXIF') ?? [];
    const only = '4d4d002a00000008000101120003000000010006000000000000';
    expect(turned?.replace(/(00)*$/, '')).toBe(only.replace(/(00)*$/, ''));
    const blank = left.filter(([name]) => name === 'JUNK');
    expect(blank.map(([, content]) => /^0+$/.test(content))).toEqual([true, true]);
  });

  it('loses chunks that nobody knows, also within a frame, and what follows its end', async () => {
    const animation = file('animation.webp');
    const secret = Buffer.concat([latin1('wHat'), hex('08000000'), latin1('a secret')]);
    const at = animation.indexOf('VP8L');
    const bytes = Buffer.concat([animation.subarray(0, at), secret, animation.subarray(at)]);
    bytes.writeUInt32LE(bytes.length - 8, 4);
    const left = await stripped(Buffer.concat([bytes, latin1('<html>')]), 'image/webp');
    expect(['secret', 'wHat', 'html'].filter((word) => left.includes(word))).toEqual([]);
    expect(pixelsOf(left)).toEqual(pixelsOf(animation));
  });
});

describe('a GIF on its way into a store', () => {
  const bytes = file('animation.gif');
  /** What gifsicle leaves of it with --no-comments and --no-extensions. */
  const looks = file('animation-stripped.gif');

  it('loses comments and XMP, and keeps its frames, their times and how often it runs', async () => {
    for (const size of [1, 7, 1_000]) {
      const left = await stripped(bytes, 'image/gif', size);
      expect(left.equals(looks)).toBe(true);
    }
  });

  it.each([
    ['plain text', hex('2101 0c 00000000 00000000 08080100 05 7365637265 00')],
    ['a comment', hex('21fe 06 736563726574 00')],
    ['an unknown application', hex('21ff 0b 4943434742473130 313230 06 736563726574 00')],
    ['a loop that says more', hex('21ff 0b 4e4554534341504532 2e30 06 736563726574 00')],
    ['a look that says more', hex('21f9 04 00000000 06 736563726574 00')],
    ['an unknown extension', hex('2142 06 736563726574 00')],
  ])('loses %s', async (_what, extension) => {
    // Behind the colours.
    const said = Buffer.concat([looks.subarray(0, 25), extension, looks.subarray(25)]);
    for (const size of [1, 1_000]) {
      expect((await stripped(said, 'image/gif', size)).equals(looks)).toBe(true);
    }
  });

  it('ends where it says', async () => {
    const page = Buffer.concat([looks, latin1('<script>')]);
    expect((await stripped(page, 'image/gif')).equals(looks)).toBe(true);
  });
});

describe('anything else on its way into a store', () => {
  it.each(['image/webp', 'text/plain', 'application/pdf'])('stays as it is: %s', async (type) => {
    const bytes = png(chunk('tEXt', 'x'));
    expect(await stripped(bytes, type)).toEqual(bytes);
  });

  it('neither grows nor hangs, whatever an image is made of', async () => {
    const starts = [png(), jpeg(frame), hex('ffd8'), latin1('\x89PNG\r\n\x1a\n')];
    starts.push(...['turned.webp', 'animation.webp', 'animation.gif'].map(file));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...starts),
        fc.constantFrom('image/png', 'image/jpeg', 'image/webp', 'image/gif'),
        fc.nat(300),
        fc.uint8Array({ maxLength: 120 }),
        fc.integer({ min: 1, max: 50 }),
        async (start, type, kept, rest, size) => {
          const bytes = Buffer.concat([start.subarray(0, kept), rest]);
          const left = await stripped(bytes, type, size);
          expect(left.length).toBeLessThanOrEqual(bytes.length);
          expect(await stripped(left, type, 1_000)).toEqual(left);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
