const WORD = /[\p{L}\p{N}]+(?:'\p{L}+)?/gu;

/** The words of a text in order, lower case, compatibility forms folded; digits count as letters. */
export function words(text: string): string[] {
  return text.normalize('NFKC').replaceAll('’', "'").toLowerCase().match(WORD) ?? [];
}
