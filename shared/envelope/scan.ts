import { MAX_DEPTH, MAX_KEY_LENGTH, MAX_MEMBERS } from './limits.ts';
import { refusal } from './refusal.ts';
import { scanNumber } from './scan-number.ts';
import { plainKey, type StringScan, scanString } from './scan-string.ts';

/**
 * One linear pass over the text of an untrusted body, before JSON.parse sees it. It holds the grammar of JSON (RFC 8259) but
 * for control characters in strings, so it sees the structure that the parser will see; and it uses no recursion, so depth
 * cannot overflow it.
 */

/** What a text that passed is known to hold. */
export interface ScanFacts {
  /** Some number is written as a negative zero, which JSON.parse keeps and JSON.stringify loses. */
  negativeZero: boolean;
  /** Some string holds, written as an escape, a character that a person cannot see. */
  invisibleEscape: boolean;
}

/** An open object's keys so far; null for an array. */
type Keys = string[] | Set<string> | null;

/** Where the pass stands. `keys` has one entry per open container. */
interface Cursor extends StringScan, ScanFacts {
  readonly keys: Keys[];
  at: number;
  members: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const ARRAY_OPEN = 0x5b;
const ARRAY_CLOSE = 0x5d;
const OBJECT_OPEN = 0x7b;
const OBJECT_CLOSE = 0x7d;

/** Keys of one object up to which looking through a list is cheaper than hashing. */
const FEW_KEYS = 12;

/** Checks the text of a body; throws UnprocessableError with the code of the first thing that is wrong. */
export function scan(text: string): ScanFacts {
  const cursor: Cursor = {
    text,
    at: 0,
    keys: [],
    members: 0,
    backslash: -1,
    negativeZero: false,
    invisibleEscape: false,
  };
  skipSpace(cursor);
  do {
    readValue(cursor);
    skipSpace(cursor);
  } while (cursor.keys.length > 0 && toNextValue(cursor));
  if (cursor.at !== text.length) throw badJson(cursor);
  return cursor;
}

/** Reads a whole scalar or an empty container; of any other container, only up to its first value. */
function readValue(cursor: Cursor): void {
  const { text } = cursor;
  for (;;) {
    switch (text.charCodeAt(cursor.at)) {
      case QUOTE:
        cursor.at = scanString(cursor, cursor.at);
        return;
      case OBJECT_OPEN:
        open(cursor, []);
        if (closes(cursor, OBJECT_CLOSE)) return;
        readKey(cursor);
        break;
      case ARRAY_OPEN:
        open(cursor, null);
        if (closes(cursor, ARRAY_CLOSE)) return;
        countMember(cursor);
        break;
      default:
        cursor.at = scanLiteral(cursor);
        return;
    }
  }
}

/** After a value: closes what ends here and goes to the next value. False when the outermost container is closed. */
function toNextValue(cursor: Cursor): boolean {
  for (;;) {
    const keys = cursor.keys.at(-1);
    const code = cursor.text.charCodeAt(cursor.at);
    if (code === COMMA) {
      cursor.at += 1;
      skipSpace(cursor);
      if (keys === null) countMember(cursor);
      else readKey(cursor);
      return true;
    }
    if (code !== (keys === null ? ARRAY_CLOSE : OBJECT_CLOSE)) throw badJson(cursor);
    cursor.at += 1;
    cursor.keys.pop();
    skipSpace(cursor);
    if (cursor.keys.length === 0) return false;
  }
}

function open(cursor: Cursor, keys: Keys): void {
  if (cursor.keys.length === MAX_DEPTH) throw refusal('too_deep', { limit: MAX_DEPTH });
  cursor.keys.push(keys);
  cursor.at += 1;
  skipSpace(cursor);
}

function closes(cursor: Cursor, closing: number): boolean {
  if (cursor.text.charCodeAt(cursor.at) !== closing) return false;
  cursor.at += 1;
  cursor.keys.pop();
  return true;
}

/** Reads `"key" :` and the space after it. */
function readKey(cursor: Cursor): void {
  const { text, at: start } = cursor;
  if (text.charCodeAt(start) !== QUOTE) throw badJson(cursor);
  countMember(cursor);
  const end = scanString(cursor, start);
  const key = plainKey(text, start, end);
  if (key.length > MAX_KEY_LENGTH) throw refusal('key_too_long', { limit: MAX_KEY_LENGTH });
  if (isForbidden(key, cursor.keys.length)) throw refusal('forbidden_key', { key });
  addKey(cursor, key);
  cursor.at = end;
  skipSpace(cursor);
  if (text.charCodeAt(cursor.at) !== COLON) throw badJson(cursor);
  cursor.at += 1;
  skipSpace(cursor);
}

/**
 * `__proto__`, `constructor` and `prototype` reach an object's prototype as soon as anybody copies carelessly. An envelope
 * with a `then` would be taken for a promise by `await`; further down, `then` is a name like any other.
 */
function isForbidden(key: string, depth: number): boolean {
  if (key === 'then') return depth === 1;
  return key === '__proto__' || key === 'constructor' || key === 'prototype';
}

/** Notes a key of the innermost object. */
function addKey(cursor: Cursor, key: string): void {
  const keys = cursor.keys.at(-1);
  if (keys instanceof Set) {
    if (keys.has(key)) throw refusal('duplicate_key', { offset: cursor.at });
    keys.add(key);
  } else if (keys) {
    if (keys.includes(key)) throw refusal('duplicate_key', { offset: cursor.at });
    if (keys.push(key) > FEW_KEYS) cursor.keys[cursor.keys.length - 1] = new Set(keys);
  }
}

function countMember(cursor: Cursor): void {
  cursor.members += 1;
  if (cursor.members > MAX_MEMBERS) throw refusal('too_many_members', { limit: MAX_MEMBERS });
}

/** Reads a number, `true`, `false` or `null`; returns the offset behind it. */
function scanLiteral(cursor: Cursor): number {
  const { text, at } = cursor;
  if (text.startsWith('true', at) || text.startsWith('null', at)) return at + 4;
  if (text.startsWith('false', at)) return at + 5;
  return scanNumber(text, at, cursor);
}

function skipSpace(cursor: Cursor): void {
  const { text } = cursor;
  let at = cursor.at;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
    at += 1;
  }
  cursor.at = at;
}

function badJson(cursor: Cursor): Error {
  return refusal('bad_json', { offset: cursor.at });
}
