const AMOUNT = /(?<![\d.,])(?:\d{1,3}(?:[.,' ]\d{3})+|\d{1,9})[.,]\d{2}(?![\d.,]*\d)/g;
const TOTAL = /\b(?:grand total|total|amount due|to pay|sum|summe|balance)\b/i;
const SUBTOTAL = /\bsub-?\s?total\b/i;

/**
 * The amount of a transaction, without its currency: the one on the last line that says "total", else the last one of
 * a single line, else the largest of the text. Undefined when there is none.
 */
export function findAmount(text: string): number | undefined {
  const lines = text.split('\n');
  const totals = lines.filter((line) => TOTAL.test(line) && !SUBTOTAL.test(line));
  const stated = totals.flatMap(amounts).at(-1);
  if (stated !== undefined) return stated;
  const all = lines.flatMap(amounts);
  if (all.length === 0) return undefined;
  return lines.length === 1 ? all.at(-1) : Math.max(...all);
}

function amounts(line: string): number[] {
  return (line.match(AMOUNT) ?? []).map((found) => {
    const digits = found.replaceAll(/\D/g, '');
    return Number(`${digits.slice(0, -2)}.${digits.slice(-2)}`);
  });
}

/** The name that a transaction begins with: words up to the first figure or sign of the first line that has letters. */
export function findMerchant(text: string): string | undefined {
  const line = text.split('\n').find((candidate) => /\p{L}{2}/u.test(candidate));
  const name = line
    ?.trim()
    .match(/^[^\p{L}]{0,20}(\p{L}[\p{L}&'. -]{0,60})/u)?.[1]
    ?.trim();
  return name === undefined || name.length < 2 ? undefined : name;
}
