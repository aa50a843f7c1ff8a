import { isAscii, isUtf8 } from 'node:buffer';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { MAX_BODY_BYTES, MAX_INTERNAL_BODY_BYTES, MAX_INTERNAL_DEPTH } from './limits.ts';
import { refusal } from './refusal.ts';
import { type ScanFacts, scan } from './scan.ts';
import { hasInvisibleText, type StringScan, scanString } from './scan-string.ts';

/**
 * The two ways from bytes to a JSON object. `strictGate` stands where anybody may have written the bytes and decides on
 * them before JSON.parse; `lightGate` is for messages of the fleet itself. Both throw UnprocessableError and nothing else.
 */

/** A body that passed, and what a person reading it would not see. */
export interface Gated {
  readonly value: JsonObject;
  readonly invisibleText: boolean;
}

/** Full gate for untrusted bytes: jobs, operations, what a model answered. */
export function strictGate(bytes: Uint8Array): Gated {
  const { text, ascii, facts } = scanned(bytes);
  const parsed = parseObject(text);
  return {
    value: facts.negativeZero ? withoutNegativeZero(parsed) : parsed,
    invisibleText: facts.invisibleEscape || (!ascii && hasInvisibleText(text)),
  };
}

/** Throws what `strictGate` would say of an object that was just encoded: whoever sends it looks first, and need not parse it. */
export function checkEncoded(bytes: Uint8Array): void {
  scanned(bytes);
}

/** Full gate for JSON of any kind that came by another way than in a message. How large it may be is the caller's to say. */
export function parseValue(bytes: Uint8Array): JsonValue {
  const { text, facts } = scannedText(bytes);
  const value = parse(text);
  return facts.negativeZero ? withoutNegativeZero(value) : value;
}

function scanned(bytes: Uint8Array): { text: string; ascii: boolean; facts: ScanFacts } {
  checkSize(bytes, MAX_BODY_BYTES);
  return scannedText(bytes);
}

function scannedText(bytes: Uint8Array): { text: string; ascii: boolean; facts: ScanFacts } {
  const ascii = isAscii(bytes);
  if (!ascii && !isUtf8(bytes)) throw refusal('bad_utf8');
  const text = textOf(bytes);
  return { text, ascii, facts: scan(text) };
}

/** Size and depth alone, for bytes that the fleet itself wrote. */
export function lightGate(bytes: Uint8Array): JsonObject {
  checkSize(bytes, MAX_INTERNAL_BODY_BYTES);
  const text = textOf(bytes);
  checkDepth(text);
  return parseObject(text);
}

function checkSize(bytes: Uint8Array, limit: number): void {
  if (bytes.length === 0) throw refusal('empty_body');
  if (bytes.length > limit) throw refusal('body_too_large', { bytes: bytes.length, limit });
}

function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString('utf8');
}

function parseObject(text: string): JsonObject {
  const value = parse(text);
  if (!isJsonObject(value)) throw refusal('not_an_object');
  return value;
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, so it is neither shown nor kept as a cause.
    throw refusal('bad_json');
  }
}

/** A text with no more opening brackets than levels allowed, wherever they stand, is not too deep: nearly every text. */
function checkDepth(text: string): void {
  const brackets = count(text, '{', MAX_INTERNAL_DEPTH) + count(text, '[', MAX_INTERNAL_DEPTH);
  if (brackets > MAX_INTERNAL_DEPTH && depthOf(text) > MAX_INTERNAL_DEPTH) {
    throw refusal('too_deep', { limit: MAX_INTERNAL_DEPTH });
  }
}

/** How often a character occurs; stops counting above `limit`. */
function count(text: string, char: string, limit: number): number {
  let found = 0;
  let at = text.indexOf(char);
  while (at >= 0 && found <= limit) {
    found += 1;
    at = text.indexOf(char, at + 1);
  }
  return found;
}

/** Most brackets open at a time, outside strings. */
function depthOf(text: string): number {
  const strings: StringScan = { text, invisibleEscape: false, backslash: -1 };
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = scanString(strings, at) - 1;
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (code === 0x7d || code === 0x5d) {
      depth -= 1;
    }
  }
  return deepest;
}

/** JSON.stringify writes -0 as 0, so a value would differ on the other side of a queue. Depth is bounded by the scan. */
function withoutNegativeZero<T extends JsonValue>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      if (member === 0) Reflect.set(value, key, 0);
      else withoutNegativeZero(member);
    }
  }
  return value;
}
