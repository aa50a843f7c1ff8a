import MiniSearch from 'minisearch';
import { excerpt } from '../text/excerpt.ts';
import { stem } from '../text/stem.ts';
import { isContentWord } from '../text/stop-words.ts';
import { words } from '../text/words.ts';
import type { Article } from './articles.ts';

/** An article that matches a question. `confidence` (0 to 1) grows with the share of the question's words it explains. */
interface Hit {
  readonly article: Article;
  readonly confidence: number;
}

/** Finds the articles that best answer a question. */
export interface ArticleSearch {
  /** Best first, at most `limit`. Articles about `intent` count double. Only the first 2,000 characters are read. */
  find(question: string, limit: number, intent?: string): Hit[];
}

const MAX_QUESTION_CHARS = 2_000;
const MAX_TERMS = 60;
/** The BM25 score at which a fully explained question gets a confidence of one half; found on the shipped corpora. */
const HALF_SCORE = 2;

/**
 * Builds a BM25 index over the articles; a word in the title weighs three times one in the text. Stop words are
 * left out unless `everyWord`, which small talk needs: "how are you" has no other words.
 */
export function indexArticles(
  articles: readonly Article[],
  { everyWord = false }: { everyWord?: boolean } = {},
): ArticleSearch {
  const terms = (text: string) =>
    (everyWord ? words(text) : words(text).filter(isContentWord)).map(stem);
  const byId = new Map(articles.map((article) => [article.id, article]));
  const index = new MiniSearch<Article>({
    fields: ['title', 'text'],
    storeFields: ['intent'],
    tokenize: terms,
    processTerm: (term) => term,
  });
  index.addAll(articles);

  return {
    find(question, limit, intent) {
      const read = excerpt(question, MAX_QUESTION_CHARS);
      const asked = [...new Set(terms(read))].slice(0, MAX_TERMS);
      // Stop words count only where the question has nothing else.
      const content = words(read).filter(isContentWord).map(stem);
      const telling = new Set((content.length > 0 ? content : asked).slice(0, MAX_TERMS));
      if (telling.size === 0) return [];
      const results = index.search(asked.join(' '), {
        tokenize: (joined) => joined.split(' '),
        boost: { title: 3 },
        boostDocument: (_id, _term, stored) => (intent && stored?.['intent'] === intent ? 2 : 1),
      });
      return results.slice(0, limit).map(({ id, queryTerms, score }) => {
        const explained = telling.intersection(new Set(queryTerms)).size / telling.size;
        const strength = score / (score + HALF_SCORE);
        return { article: byId.get(id)!, confidence: Math.round(explained * strength * 100) / 100 };
      });
    },
  };
}
