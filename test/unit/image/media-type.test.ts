import { describe, expect, it } from 'vitest';
import { checkMediaType, mediaTypeOf } from '../../../shared/image/media-type.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const files: Record<string, Buffer> = {
  'image/png': latin1('\x89PNG\r\n\x1a\n\0\0\0\rIHDR'),
  'image/jpeg': latin1('\xff\xd8\xff\xe0\0\x10JFIF'),
  'image/gif': latin1('GIF89a\x01\0\x01\0'),
  'image/webp': latin1('RIFF\x24\0\0\0WEBPVP8 '),
  'image/bmp': latin1('BM\x46\0\0\0\0\0\0\0'),
  'image/tiff': latin1('II*\0\x08\0\0\0'),
  'application/pdf': latin1('%PDF-1.7\n'),
  'application/zip': latin1('PK\x03\x04\x14\0'),
  'application/gzip': latin1('\x1f\x8b\x08\0'),
  'application/x-bzip2': latin1('BZh91AY'),
  'application/x-xz': latin1('\xfd7zXZ\0\0'),
  'application/zstd': latin1('\x28\xb5\x2f\xfd\x24'),
  'application/x-7z-compressed': latin1("7z\xbc\xaf'\x1c\0"),
  'application/vnd.rar': latin1('Rar!\x1a\x07\x01'),
  'application/x-tar': latin1(`${'evil/../x'.padEnd(257, '\0')}ustar`),
};
const known = Object.entries(files);
const images = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const archives = Object.keys(files).slice(7);

function refusal(said: string, head: Uint8Array): string | undefined {
  try {
    checkMediaType(said, head);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return undefined;
}

describe('the first bytes of a file', () => {
  it.each(known)('tell %s', (type, head) => {
    expect(mediaTypeOf(head)).toBe(type);
  });

  it.each(['', 'BM is what this text begins with', 'RIFF1234WAVE', '<svg/>', '{"a":1}'])(
    'tell nothing: %j',
    (text) => {
      expect(mediaTypeOf(latin1(text))).toBeUndefined();
    },
  );
});

describe('a media type that was said', () => {
  it.each(images)('is taken when it is right: %s', (type) => {
    expect(refusal(type, files[type]!)).toBeUndefined();
  });

  it('is taken for PDF, for what has no signature, and for text of any kind', () => {
    expect(refusal('application/pdf', files['application/pdf']!)).toBeUndefined();
    expect(refusal('audio/x-ours', latin1('....\0'))).toBeUndefined();
    expect(refusal('application/octet-stream', new Uint8Array(0))).toBeUndefined();
    for (const said of ['text/plain', 'text/html', 'application/json', 'application/ld+json']) {
      expect(refusal(said, latin1('GIF89a and %PDF- are magic, <svg/> is not'))).toBeUndefined();
    }
  });

  it.each(images)('is media_mismatch when %s is something else', (said) => {
    for (const [type, head] of known) {
      if (type === said) continue;
      expect(refusal(said, head)).toBe(
        archives.includes(type) ? 'archive_refused' : 'media_mismatch',
      );
    }
    for (const text of ['<svg onload="x()"/>', '<!doctype html>', '', '\0\0\0\0']) {
      expect(refusal(said, latin1(text))).toBe('media_mismatch');
    }
  });

  it('is media_mismatch for an image hidden under another word', () => {
    for (const type of images) {
      expect(refusal('application/octet-stream', files[type]!)).toBe('media_mismatch');
      expect(refusal('audio/mpeg', files[type]!)).toBe('media_mismatch');
    }
  });

  it.each(['image/svg+xml', 'image/bmp', 'image/tiff', 'image/x-anything'])(
    'is media_mismatch for an image whose size nobody reads: %s',
    (said) => {
      expect(refusal(said, files[said] ?? latin1('<svg/>'))).toBe('media_mismatch');
    },
  );

  it('is media_mismatch for text with a NUL in it', () => {
    expect(refusal('text/plain', latin1('a\0b'))).toBe('media_mismatch');
    expect(refusal('application/json', files['image/png']!)).toBe('media_mismatch');
  });

  it.each(archives)('is archive_refused for %s, under its own name and any other', (type) => {
    for (const said of [
      type,
      'application/octet-stream',
      'application/vnd.ms-excel',
      'image/png',
    ]) {
      expect(refusal(said, files[type]!)).toBe('archive_refused');
    }
    expect(refusal(type, latin1('not even one'))).toBe('archive_refused');
  });
});
