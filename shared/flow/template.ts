/** A part of a `$text`: text as it is, or an expression and where it begins. */
export type TemplatePart = string | { readonly source: string; readonly offset: number };

/**
 * Splits "… ${cel} …" into its parts; `$${` is a literal `${`. Braces and quotes inside an expression are counted, so that
 * `${ {'a': "}"}.a }` is one. A sentence when the text cannot be split.
 */
export function parseTemplate(text: string): readonly TemplatePart[] | string {
  const parts: TemplatePart[] = [];
  let literal = '';
  let index = 0;
  while (index < text.length) {
    if (text.startsWith('$${', index)) {
      literal += '${';
      index += 3;
    } else if (text.startsWith('${', index)) {
      const end = endOfExpression(text, index + 2);
      if (end === undefined) return `The \${ at character ${index + 1} has no closing }.`;
      if (literal !== '') parts.push(literal);
      literal = '';
      parts.push({ source: text.slice(index + 2, end), offset: index + 2 });
      index = end + 1;
    } else {
      literal += text[index];
      index += 1;
    }
  }
  return literal === '' ? parts : [...parts, literal];
}

function endOfExpression(text: string, start: number): number | undefined {
  let depth = 0;
  let quote: string | undefined;
  for (let index = start; index < text.length; index++) {
    const sign = text[index]!;
    if (quote !== undefined) {
      if (sign === '\\') index += 1;
      else if (sign === quote) quote = undefined;
    } else if (sign === '"' || sign === "'") quote = sign;
    else if (sign === '{') depth += 1;
    else if (sign === '}' && depth-- === 0) return index;
  }
  return undefined;
}
