import { isUtf8 } from 'node:buffer';
import { parseValue } from '../envelope/gate.ts';
import type { JsonValue } from '../envelope/json.ts';
import { refusal } from '../envelope/refusal.ts';
import { mediaTypeSchema } from './reference.ts';

/** A value as the bytes of an artifact. */
export interface ValueContent {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

const TEXT = 'text/plain';
const JSON_TYPE = 'application/json';
const BASE64_DATA_URL = /^data:([^;,]{1,128});base64,/;

/**
 * A value as it is stored: a data URL as the bytes it stands for, any other text as UTF-8, everything else as JSON.
 * `valueIn` makes exactly the same value of it again. Throws UnprocessableError for what a message could not hold either.
 */
export function contentOf(value: JsonValue): ValueContent {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw refusal('bad_unicode');
    if (value.includes('\0')) throw refusal('nul_character');
    return dataUrlContent(value) ?? { mediaType: TEXT, bytes: Buffer.from(value) };
  }
  const bytes = Buffer.from(JSON.stringify(value));
  parseValue(bytes);
  return { mediaType: JSON_TYPE, bytes };
}

/**
 * The value that stored bytes stand for: text for `text/plain`, what the JSON says for `application/json`, else a base64
 * data URL. Throws UnprocessableError for text or JSON that would be refused in a message.
 */
export function valueIn({ mediaType, bytes }: ValueContent): JsonValue {
  if (mediaType === JSON_TYPE) return parseValue(bytes);
  if (mediaType !== TEXT) return `data:${mediaType};base64,${bytes.toString('base64')}`;
  if (!isUtf8(bytes)) throw refusal('bad_utf8');
  if (bytes.includes(0)) throw refusal('nul_character');
  return bytes.toString('utf8');
}

/** undefined for what is no data URL, or one that could not be put together again to the letter. */
function dataUrlContent(text: string): ValueContent | undefined {
  const [prefix = '', mediaType = ''] = BASE64_DATA_URL.exec(text) ?? [];
  if (mediaType === TEXT || mediaType === JSON_TYPE) return undefined;
  if (!mediaTypeSchema.safeParse(mediaType).success) return undefined;
  const base64 = text.slice(prefix.length);
  const bytes = Buffer.from(base64, 'base64');
  return bytes.toString('base64') === base64 ? { mediaType, bytes } : undefined;
}
