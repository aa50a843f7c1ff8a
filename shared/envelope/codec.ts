import type { z } from 'zod';
import { type EnvelopeOf, type MessageType, schemas } from './envelope.ts';
import { lightGate, strictGate } from './gate.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { MAX_CLOCK_SKEW_MS, MAX_METADATA_BYTES } from './limits.ts';
import { checkEncoding } from './properties.ts';
import { refusal } from './refusal.ts';

/** `untrusted`: anybody may have written the bytes. `internal`: the fleet itself did. */
export type Trust = 'untrusted' | 'internal';

export interface DecodeOptions {
  readonly trust: Trust;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  /** Milliseconds since 1970; for checks of timestamps. Default: the clock. */
  readonly nowMs?: number;
  /** Told when text holds characters that a person cannot see; such text is let through. Untrusted bytes only. */
  readonly onInvisibleText?: () => void;
}

/** The types whose `id` and `timestamp` a client chose. */
const clientTypes: ReadonlySet<MessageType> = new Set<MessageType>(['job', 'operation']);

/** The body of a message. Never throws for an envelope that `decode` returned. */
export function encode<T extends MessageType>(_type: T, envelope: EnvelopeOf<T>): Uint8Array {
  return Buffer.from(JSON.stringify(envelope));
}

/**
 * The envelope that a body holds. The one place where a message body is parsed; throws UnprocessableError (its code is one
 * of `refusals`) and nothing else. Fields of our own blocks that are not known are left out.
 */
export function decode<T extends MessageType>(
  type: T,
  bytes: Uint8Array,
  options: DecodeOptions,
): EnvelopeOf<T> {
  checkEncoding(options.contentType, options.contentEncoding);
  const body = options.trust === 'untrusted' ? untrusted(bytes, options) : lightGate(bytes);
  const envelope = conform(type, body);
  if (options.trust === 'untrusted' && clientTypes.has(type)) {
    checkTimestamp(envelope.timestamp, options.nowMs ?? Date.now());
    if (bytes.length > MAX_METADATA_BYTES) checkMetadata(envelope.payload);
  }
  return envelope;
}

function untrusted(bytes: Uint8Array, options: DecodeOptions): JsonObject {
  const { value, invisibleText } = strictGate(bytes);
  if (invisibleText) options.onInvisibleText?.();
  return value;
}

function conform<T extends MessageType>(type: T, body: JsonObject): EnvelopeOf<T> {
  const schema: z.ZodType = schemas[type];
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw mismatch(parsed.error.issues[0], body);
  return parsed.data as EnvelopeOf<T>;
}

/** A missing field is `schema_invalid`; an id or timestamp that is there but wrong has a code of its own. */
function mismatch(issue: z.core.$ZodIssue | undefined, body: JsonObject): Error {
  const path = issue?.path ?? [];
  if (path.length === 1 && path[0] === 'id' && typeof body['id'] === 'string') {
    return refusal('bad_id');
  }
  if (path.length === 1 && path[0] === 'timestamp' && body['timestamp'] !== undefined) {
    return refusal('bad_timestamp');
  }
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  return refusal('schema_invalid', {
    pointer: jsonPointer([...path, ...unknown]),
    problem: issue?.code === 'unrecognized_keys' ? 'unknown field' : (issue?.message ?? ''),
  });
}

/** A path as a JSON Pointer (RFC 6901); the empty text is the whole value. */
export function jsonPointer(path: readonly PropertyKey[]): string {
  return path
    .map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}

function checkTimestamp(timestamp: string, nowMs: number): void {
  const at = Date.parse(timestamp);
  if (!(at >= 0)) throw refusal('bad_timestamp');
  if (at > nowMs + MAX_CLOCK_SKEW_MS) throw refusal('timestamp_in_future');
}

function checkMetadata(payload: JsonValue): void {
  const metadata = isJsonObject(payload) ? payload['metadata'] : undefined;
  if (metadata === undefined) return;
  const bytes = Buffer.byteLength(JSON.stringify(metadata));
  if (bytes > MAX_METADATA_BYTES) {
    throw refusal('metadata_too_large', { bytes, limit: MAX_METADATA_BYTES });
  }
}
