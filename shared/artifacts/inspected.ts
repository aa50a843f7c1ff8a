import { PermanentError } from '../errors/errors.ts';
import { IMAGE_HEAD_BYTES, readImageHeader } from '../image/image-header.ts';
import { checkMediaType, isImageType, SIGNATURE_BYTES } from '../image/media-type.ts';

/**
 * Passes bytes on once their beginning agrees with their media type, and for an image once its size is known and allowed: a store
 * takes in nothing else, and gives nothing else out, whoever wrote it there. Throws what `checkMediaType` and
 * `readImageHeader` throw, before the first byte is passed on.
 */
export async function* inspected(
  pieces: AsyncIterable<Uint8Array>,
  mediaType: string,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  // Pieces may be of one byte each: they are joined a few times, not each time.
  let nextLookBytes = SIGNATURE_BYTES;
  let agreed = false;
  for await (const piece of pieces) {
    if (agreed) {
      yield piece;
      continue;
    }
    held.push(piece);
    bytes += piece.length;
    if (bytes < nextLookBytes) continue;
    const head = joined(held);
    agreed = agrees(head, mediaType, bytes >= IMAGE_HEAD_BYTES);
    held = [head];
    nextLookBytes = 2 * bytes;
    if (agreed) yield head;
  }
  if (agreed) return;
  const whole = joined(held);
  agrees(whole, mediaType, true);
  if (bytes > 0) yield whole;
}

/** False: more bytes are needed to tell. */
function agrees(head: Uint8Array, mediaType: string, isAll: boolean): boolean {
  checkMediaType(mediaType, head);
  if (!isImageType(mediaType) || readImageHeader(head) !== undefined) return true;
  if (!isAll) return false;
  throw new PermanentError('image_invalid', 'The image does not say its size where it should.');
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}
