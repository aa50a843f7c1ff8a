import { refusal } from './refusal.ts';

const QUOTE = 0x22;
const LETTER_U = 0x75;
const FIRST_BEYOND_ASCII = 0x80;

/** Characters that are looked at one by one before a search is worth its call. */
const SHORT = 12;

/** What may follow a backslash, `u` apart. */
const escapes: ReadonlySet<number> = new Set([...'"\\/bfnrt'].map((char) => char.charCodeAt(0)));

/**
 * Zero width, bidirectional control and tag characters: used to hide words from a reader but not from a model. The zero
 * width joiners (U+200C, U+200D) are left out, for Persian and most emoji are written with them.
 */
const invisible = /[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]|\udb40/;

/** True when the text holds characters that a person cannot see. */
export function hasInvisibleText(text: string): boolean {
  return invisible.test(text);
}

/** Offset of the first such character from `start` on. */
export function firstInvisible(text: string, start: number): number | undefined {
  const found = text.slice(start).search(invisible);
  return found < 0 ? undefined : start + found;
}

/** Where a pass over the strings of a text stands. */
export interface StringScan {
  readonly text: string;
  /** Some escape writes a character that a person cannot see. */
  invisibleEscape: boolean;
  /** Offset of the first backslash that has not been passed, or the text's length. */
  backslash: number;
}

/**
 * Reads the string that begins at `start`; returns the offset behind its closing quote. It jumps from quote to backslash
 * instead of looking at each character, which makes a long text cheap. Control characters are left to JSON.parse.
 */
export function scanString(scan: StringScan, start: number): number {
  const { text } = scan;
  let at = start + 1;
  for (;;) {
    const quote = endWithin(text, at, SHORT) ?? text.indexOf('"', at);
    if (quote < 0) throw refusal('bad_json', { offset: text.length });
    if (scan.backslash < at) scan.backslash = offsetOrEnd(text, text.indexOf('\\', at));
    if (scan.backslash > quote) return quote + 1;
    at = scanEscape(scan, scan.backslash + 1);
  }
}

/** Most strings are keys and words: for them a short loop beats a search. */
function endWithin(text: string, start: number, length: number): number | undefined {
  for (let at = start; at < start + length; at += 1) {
    if (text.charCodeAt(at) === QUOTE) return at;
  }
  return undefined;
}

function offsetOrEnd(text: string, offset: number): number {
  return offset < 0 ? text.length : offset;
}

/** `at` is behind the backslash. Only an escape can write half of a pair: valid UTF-8 has none. */
function scanEscape(scan: StringScan, at: number): number {
  const { text } = scan;
  const code = text.charCodeAt(at);
  if (code !== LETTER_U) {
    if (!escapes.has(code)) throw refusal('bad_json', { offset: at });
    return at + 1;
  }
  const unit = codeUnit(text, at + 1);
  if (unit === 0) throw refusal('nul_character', { offset: at });
  if (unit >= FIRST_BEYOND_ASCII && hasInvisibleText(String.fromCharCode(unit))) {
    scan.invisibleEscape = true;
  }
  if (unit < 0xd800 || unit > 0xdfff) return at + 5;
  const paired = unit <= 0xdbff && text.startsWith('\\u', at + 5);
  const second = paired ? codeUnit(text, at + 7) : 0;
  if (second < 0xdc00 || second > 0xdfff) throw refusal('bad_unicode', { offset: at });
  return at + 11;
}

/** The UTF-16 unit that four hexadecimal digits write. */
function codeUnit(text: string, at: number): number {
  let unit = 0;
  for (let i = at; i < at + 4; i += 1) {
    const digit = hexDigit(text.charCodeAt(i));
    if (digit < 0) throw refusal('bad_json', { offset: i });
    unit = unit * 16 + digit;
  }
  return unit;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** The key between two offsets of its quotes, with its escapes resolved: `"\u0069d"` is the key `id`. */
export function plainKey(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end - 1);
  return raw.includes('\\') ? JSON.parse(`"${raw}"`) : raw;
}
