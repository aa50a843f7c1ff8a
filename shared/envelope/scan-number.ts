import { refusal } from './refusal.ts';
import type { ScanFacts } from './scan.ts';

/** Any integer of so many digits is exact as a double; most of a digit more are not. */
const EXACT_DIGITS = 15;
/** Written without an exponent, only a number with more digits than this can be beyond the largest double. */
const SURELY_FINITE_LENGTH = 300;

const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;

/**
 * Reads the number that begins at `start`; returns the offset behind it. An integer must come out of JSON.stringify as it was
 * written; a fraction is rounded to the nearest double, as every JSON reader does.
 */
export function scanNumber(text: string, start: number, facts: ScanFacts): number {
  const negative = text.charCodeAt(start) === MINUS;
  const first = negative ? start + 1 : start;
  let at = skipDigits(text, first);
  if (at - first > 1 && text.charCodeAt(first) === ZERO)
    throw refusal('bad_json', { offset: first });
  const integerEnd = at;
  if (text.charCodeAt(at) === DOT) at = skipDigits(text, at + 1);
  const exponent = (text.charCodeAt(at) | 0x20) === 0x65;
  if (exponent) at = skipDigits(text, skipSign(text, at + 1));

  const integer = at === integerEnd;
  const startsWithZero = text.charCodeAt(first) === ZERO;
  const exact = integer ? at - first <= EXACT_DIGITS : at - first <= SURELY_FINITE_LENGTH;
  if (!exact || exponent || (negative && startsWithZero)) {
    judge(text.slice(start, at), integer, facts);
  }
  return at;
}

/** The rare numbers for which the digits alone do not tell. */
function judge(written: string, integer: boolean, facts: ScanFacts): void {
  const value = Number(written);
  if (!Number.isFinite(value)) throw refusal('number_out_of_range');
  if (Object.is(value, -0)) facts.negativeZero = true;
  if (integer && value !== 0 && String(value) !== written) throw refusal('number_not_exact');
}

/** At least one digit must stand here. */
function skipDigits(text: string, start: number): number {
  let at = start;
  while (isDigit(text.charCodeAt(at))) at += 1;
  if (at === start) throw refusal('bad_json', { offset: start });
  return at;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= 0x39;
}

function skipSign(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code === MINUS || code === 0x2b ? at + 1 : at;
}
