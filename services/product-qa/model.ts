import { z } from 'zod';
import { readArticles } from '../../shared/retrieval/articles.ts';
import { indexArticles } from '../../shared/retrieval/search.ts';
import { textInput } from '../../shared/text/input.ts';
import { defineModel } from '../../shared/worker/model.ts';

const UNKNOWN =
  'I found nothing about this in the help articles. Please ask in other words, or choose Help, Talk to us in the app.';

/** Answers a question with the help article that fits best. */
export const model = defineModel({
  name: 'product-qa',
  version: 1,
  description:
    'Answers product questions from a help corpus by BM25 retrieval (first 2,000 characters of the question).',
  input: z.object({ text: textInput, intent: z.string().max(200).exactOptional() }),
  output: z.object({
    text: z.string(),
    confidence: z.number().min(0).max(1),
    source: z.string(),
  }),
  concurrency: 8,
  load() {
    const articles = readArticles(new URL('articles/', import.meta.url));
    return { articles, search: indexArticles(articles) };
  },
  run({ text, intent }, _call, { articles, search }) {
    const [hit] = search.find(text, 1, intent);
    if (hit) return { text: hit.article.text, confidence: hit.confidence, source: hit.article.id };
    // No word of the question is in the corpus: the intent alone still names the likeliest article.
    const likely = articles.find((article) => article.intent === intent && intent !== '');
    if (likely) return { text: likely.text, confidence: 0.3, source: likely.id };
    return { text: UNKNOWN, confidence: 0, source: 'none' };
  },
});
