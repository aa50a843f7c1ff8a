import { readArticleFile } from '../../shared/retrieval/articles.ts';
import { type ArticleSearch, indexArticles } from '../../shared/retrieval/search.ts';

/** An answer that was looked up, not generated. */
export type RetrievalAnswer = {
  text: string;
  confidence: number;
  source: 'retrieval';
};

const NOTICE =
  '(This is a retrieval answer from a small collection of texts: no language model server is configured.)';
const UNKNOWN = 'I do not know that.';
/** A match below this explains too few of the words to be an answer. */
const LEAST_CONFIDENCE = 0.4;

let search: ArticleSearch | undefined;

/** Reads the corpus; takes some milliseconds, once per process. */
export function load(): void {
  search ??= indexArticles(readArticleFile(new URL('small-talk.md', import.meta.url)), {
    everyWord: true,
  });
}

/** Answers from the corpus and always says that it did. Confidence 0 means that nothing fits. Never throws. */
export function answer(text: string): RetrievalAnswer {
  load();
  const [hit] = search?.find(text, 1) ?? [];
  return hit && hit.confidence >= LEAST_CONFIDENCE
    ? { text: `${hit.article.text} ${NOTICE}`, confidence: hit.confidence, source: 'retrieval' }
    : { text: `${UNKNOWN} ${NOTICE}`, confidence: 0, source: 'retrieval' };
}
