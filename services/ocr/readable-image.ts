import type { ArtifactMarker } from '../../shared/artifacts/reference.ts';
import { PermanentError } from '../../shared/errors/errors.ts';
import { readImageHeader } from '../../shared/image/image-header.ts';
import { readPicture } from '../../shared/image/picture.ts';
import { shrunkGrey } from '../../shared/image/png-grey.ts';
import { checkPng } from '../../shared/image/png-pixels.ts';
import { openPng } from '../../shared/image/png-stream.ts';
import type { Call } from '../../shared/worker/model.ts';

/** The engine keeps a whole image in memory, several times over. */
const MAX_JPEG_BYTES = 6 * 1024 * 1024;
/** Print stays readable: that is A4 at 200 dots per inch. */
const MAX_PIXELS = 4_000_000;

/**
 * An image that the engine may read: a data URL as it is, a large PNG read in pieces and made smaller. Throws PermanentError
 * `image_invalid`, `image_too_large`, `media_mismatch`, `media_unsupported`, and what `call.artifacts` throws.
 */
export async function readableImage(image: string | ArtifactMarker, call: Call): Promise<Buffer> {
  if (typeof image === 'string') {
    const { format, bytes } = readPicture(image);
    if (format === 'png') await checkPng(bytes);
    return bytes;
  }
  const { mediaType } = image.$artifact;
  if (mediaType === 'image/png') {
    return shrunkGrey(await openPng(await call.artifacts.open(image)), MAX_PIXELS, call.signal);
  }
  if (mediaType !== 'image/jpeg') {
    throw new PermanentError('media_unsupported', 'Only PNG and JPEG can be read.');
  }
  const bytes = await call.artifacts.bytes(image, MAX_JPEG_BYTES);
  readImageHeader(bytes);
  return bytes;
}
