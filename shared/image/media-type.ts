import { PermanentError } from '../errors/errors.ts';

type Signature = readonly [mediaType: string, at: number, ...starts: string[]];

const archives: readonly Signature[] = [
  ['application/zip', 0, 'PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08'],
  ['application/gzip', 0, '\x1f\x8b\x08'],
  ['application/x-bzip2', 0, 'BZh'],
  ['application/x-xz', 0, '\xfd7zXZ\0'],
  ['application/zstd', 0, '\x28\xb5\x2f\xfd'],
  ['application/x-7z-compressed', 0, "7z\xbc\xaf'\x1c"],
  ['application/vnd.rar', 0, 'Rar!\x1a\x07'],
  ['application/x-tar', 257, 'ustar'],
];

/** Types that are told by the first bytes of a file; a name's ending and a sender's word prove nothing. */
const signatures: readonly Signature[] = [
  ['image/png', 0, '\x89PNG\r\n\x1a\n'],
  ['image/jpeg', 0, '\xff\xd8\xff'],
  ['image/gif', 0, 'GIF87a', 'GIF89a'],
  ['image/tiff', 0, 'II*\0', 'MM\0*'],
  ['application/pdf', 0, '%PDF-'],
  ...archives,
];

/** Image types whose size is known from their first bytes; no other image is taken. */
export type ImageType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';

/** So many bytes tell the type of everything that is known here. */
export const SIGNATURE_BYTES = 512;

/** The media type that these first bytes give away; undefined: none that is known. */
export function mediaTypeOf(head: Uint8Array): string | undefined {
  const text = Buffer.from(head.subarray(0, SIGNATURE_BYTES)).toString('latin1');
  if (text.startsWith('RIFF') && text.startsWith('WEBP', 8)) return 'image/webp';
  // Two letters begin a BMP, and many a text: the zeroes of its header belong to it.
  if (text.startsWith('BM') && text.startsWith('\0\0\0\0', 6)) return 'image/bmp';
  return signatures.find(([, at, ...starts]) =>
    starts.some((start) => text.startsWith(start, at)),
  )?.[0];
}

/**
 * Holds the first SIGNATURE_BYTES of something to the media type that was said of it. Throws PermanentError `media_mismatch` when
 * they are something else, or an image of which no size is known; `archive_refused` for what would have to be unpacked.
 */
export function checkMediaType(said: string, head: Uint8Array): void {
  const found = mediaTypeOf(head);
  if (isText(said)) {
    // What text begins with is nobody's business, but no text holds this.
    if (head.subarray(0, SIGNATURE_BYTES).includes(0)) throw mismatch(said, found ?? 'no text');
    return;
  }
  if (archives.some(([archive]) => archive === (found ?? said))) {
    throw new PermanentError(
      'archive_refused',
      `Archives (${found ?? said}) are not taken: nothing here unpacks them. Send what is in it.`,
    );
  }
  if (found !== undefined && found !== said) throw mismatch(said, found);
  if (said.startsWith('image/') && !isImageType(found)) {
    throw mismatch(said, found ?? 'neither PNG, JPEG, GIF nor WebP');
  }
  if (said === 'application/pdf' && found === undefined) throw mismatch(said, 'no PDF');
}

export function isImageType(mediaType: string | undefined): mediaType is ImageType {
  return /^image\/(png|jpeg|gif|webp)$/.test(mediaType ?? '');
}

function isText(mediaType: string): boolean {
  return (
    /^text\/|^application\/(json|xml|yaml)$|\+(json|xml|yaml)$/.test(mediaType) &&
    !/^image\//.test(mediaType)
  );
}

function mismatch(said: string, found: string): PermanentError {
  return new PermanentError(
    'media_mismatch',
    `The media type says ${said}, and the bytes are ${found}.`,
  );
}
