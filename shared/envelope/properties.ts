import { header, SCHEMA_VERSION } from './headers.ts';
import { MAX_HEADER_BYTES, MAX_HEADERS } from './limits.ts';
import { refusal } from './refusal.ts';

/** What is decided about a message from its properties and headers, before its body is looked at. */

/** The only content type there is, with the only charset. */
const jsonInUtf8 = /^application\/json(?:[ \t]*;[ \t]*charset[ \t]*=[ \t]*(?:utf-8|"utf-8"))?$/i;

/** `identity`, or a charset, which some clients write here; both mean that the body is plain. */
const plainEncodings: ReadonlySet<string> = new Set(['identity', 'utf-8', 'utf8']);

/** Throws UnprocessableError `content_type_refused` or `encoding_not_allowed`. Absent or empty means JSON, uncompressed. */
export function checkEncoding(
  contentType: string | undefined,
  contentEncoding: string | undefined,
): void {
  if (contentType && !jsonInUtf8.test(contentType)) throw refusal('content_type_refused');
  if (contentEncoding && !plainEncodings.has(contentEncoding.toLowerCase())) {
    throw refusal('encoding_not_allowed');
  }
}

/** Throws UnprocessableError `headers_too_large`. Values are unknown: other clients nest lists and tables in them. */
export function checkHeaders(headers: Readonly<Record<string, unknown>>): void {
  let entries = 0;
  let bytes = 0;
  // A list instead of recursion: a header table may be nested as deep as its sender likes.
  const open: unknown[] = [headers];
  for (let table = open.pop(); table !== undefined; table = open.pop()) {
    for (const [name, value] of Object.entries(table as object)) {
      entries += 1;
      bytes += Buffer.byteLength(name) + (typeof value === 'string' ? Buffer.byteLength(value) : 8);
      if (entries > MAX_HEADERS) throw refusal('headers_too_large', { entries: MAX_HEADERS });
      if (bytes > MAX_HEADER_BYTES) throw refusal('headers_too_large', { bytes: MAX_HEADER_BYTES });
      if (typeof value === 'object' && value !== null) open.push(value);
    }
  }
}

/** Throws UnprocessableError `unsupported_version`. No header means version 1. */
export function checkSchemaVersion(headers: Readonly<Record<string, unknown>>): void {
  const version = headers[header.schemaVersion] ?? 1;
  const readable =
    typeof version === 'number' &&
    Number.isInteger(version) &&
    version >= 1 &&
    version <= SCHEMA_VERSION;
  if (!readable) throw refusal('unsupported_version', { newest: SCHEMA_VERSION });
}
