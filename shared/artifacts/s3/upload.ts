import type { Bucket, FinishedPart, Upload } from './client.ts';
import { isMissing } from './faults.ts';

/**
 * Sends pieces to a bucket, a part in memory at a time: as one object when all of it fits into the first part, otherwise as an
 * upload of parts, which is taken back when anything fails. Each part can be sent again, so the SDK's own retries hold.
 */
export async function upload(
  bucket: Bucket,
  object: { readonly key: string; readonly mediaType: string },
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  partBytes: number,
): Promise<void> {
  const { key, mediaType } = object;
  let begun: Upload | undefined;
  const finished: FinishedPart[] = [];
  let bytes = 0;
  try {
    for await (const { body, last } of inParts(pieces, partBytes)) {
      if (last && begun === undefined) return await bucket.putObject(key, body, mediaType, signal);
      begun ??= { key, id: await bucket.beginUpload(key, mediaType, signal) };
      const part = { ...begun, number: finished.length + 1 };
      finished.push(await bucket.uploadPart(part, body, signal));
      bytes += body.length;
    }
    if (begun) await complete(bucket, begun, finished, bytes, signal);
  } catch (error) {
    // What cannot be taken back now, the bucket's rule for unfinished uploads removes.
    if (begun) await bucket.abortUpload(begun).catch(() => {});
    throw error;
  }
}

/** When the answer to a completed upload is lost, the next try finds no upload, and the whole object in its place. */
async function complete(
  bucket: Bucket,
  begun: Upload,
  parts: readonly FinishedPart[],
  bytes: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    await bucket.completeUpload(begun, parts, signal);
  } catch (error) {
    if (!isMissing(error)) throw error;
    const found = await bucket.sizeOf(begun.key, signal).catch(() => undefined);
    if (found !== bytes) throw error;
  }
}

interface Part {
  readonly body: Uint8Array;
  readonly last: boolean;
}

/** Cuts and joins pieces to parts of exactly that size; the last one, which there always is, may be smaller or empty. */
async function* inParts(pieces: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Part> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    let rest = piece;
    while (bytes + rest.length > size) {
      const fits = rest.subarray(0, size - bytes);
      const body = Buffer.concat([...held, fits]);
      rest = rest.subarray(fits.length);
      held = [];
      bytes = 0;
      yield { body, last: false };
    }
    if (rest.length > 0) held.push(rest);
    bytes += rest.length;
  }
  yield { body: held.length === 1 ? held[0]! : Buffer.concat(held), last: true };
}
