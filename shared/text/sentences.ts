const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** The sentences of a text, trimmed, in order; at most `limit`. Line breaks end a sentence only between paragraphs. */
export function sentences(text: string, limit: number): string[] {
  const found: string[] = [];
  for (const paragraph of text.split(/\n\s*\n/)) {
    for (const { segment } of segmenter.segment(paragraph.replaceAll(/\s+/g, ' '))) {
      const sentence = segment.trim();
      if (sentence !== '') found.push(sentence);
      if (found.length === limit) return found;
    }
  }
  return found;
}
