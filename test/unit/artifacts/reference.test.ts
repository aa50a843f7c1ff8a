import { describe, expect, it } from 'vitest';
import {
  ARTIFACT_MARK,
  artifactMarker,
  asArtifactReference,
  MAX_ARTIFACT_BYTES,
} from '../../../shared/artifacts/reference.ts';

const reference = {
  store: 'folder',
  key: 'acme/0f0e5f4e-3f0c-5a57-9d3e-5f6a7b8c9d10/20300102T030405Z-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  sha256: 'a'.repeat(64),
  bytes: 70_000,
  mediaType: 'image/png',
  expires: '2030-01-02T03:04:05.000Z',
};

describe('a reference in a message', () => {
  it('is an object whose one key is $artifact', () => {
    expect(asArtifactReference(artifactMarker(reference))).toEqual(reference);
  });

  it.each([null, 1, 'text', [], {}, reference, { artifact: reference }])(
    'is not what looks otherwise: %j',
    (value) => {
      expect(asArtifactReference(value)).toBeUndefined();
    },
  );

  const refused: [string, unknown][] = [
    ['an address', 'http://169.254.169.254/latest/meta-data/'],
    ['a file', 'file:///etc/passwd'],
    ['a data URL', 'data:image/png;base64,AAAA'],
    ['nothing', null],
    ['an address beside the rest', { ...reference, url: 'https://example.com/' }],
    ['an address for a store', { ...reference, store: 'http://127.0.0.1:9000' }],
    ['an address for a key', { ...reference, key: 'gopher://x/y/z' }],
    ['a key upwards', { ...reference, key: reference.key.replace('acme', '..') }],
    ['no hash', { ...reference, sha256: undefined }],
    ['a hash in upper case', { ...reference, sha256: 'A'.repeat(64) }],
    ['a negative size', { ...reference, bytes: -1 }],
    ['half a byte', { ...reference, bytes: 0.5 }],
    ['too many bytes', { ...reference, bytes: MAX_ARTIFACT_BYTES + 1 }],
    ['a media type with parameters', { ...reference, mediaType: 'text/html; charset=utf-8' }],
    ['a media type with a line break', { ...reference, mediaType: 'image/png\r\nx: y' }],
    ['another expiry than its key says', { ...reference, expires: '2099-01-02T03:04:05.000Z' }],
  ];
  it.each(refused)('is refused with %s', (_, content) => {
    expect(() => asArtifactReference({ [ARTIFACT_MARK]: content })).toThrow(
      expect.objectContaining({ code: 'reference_not_allowed' }),
    );
  });

  it('is refused with anything beside it', () => {
    expect(() => asArtifactReference({ ...artifactMarker(reference), note: 'x' })).toThrow(
      expect.objectContaining({ code: 'reference_not_allowed' }),
    );
  });
});
