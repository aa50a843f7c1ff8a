import { z } from 'zod';
import { readSentences, type Sentence } from '../../shared/summary/source-text.ts';
import { textInput } from '../../shared/text/input.ts';
import { stem } from '../../shared/text/stem.ts';
import { words } from '../../shared/text/words.ts';
import { defineModel } from '../../shared/worker/model.ts';
import { rankSentences } from './text-rank.ts';

const DEFAULT_SENTENCES = 3;

/** Drafts a summary from the most central sentences of a text, in their order. */
export const model = defineModel({
  name: 'summarizer',
  version: 1,
  description:
    'Extractive summary by TextRank (first 50,000 characters, 200 sentences). Words in `feedback` draw sentences in.',
  input: z.object({
    text: textInput,
    sentences: z.int().min(1).max(50).exactOptional(),
    feedback: z.array(z.string().max(1_000)).max(50).exactOptional(),
  }),
  output: z.object({ text: z.string(), sentences: z.int().nonnegative() }),
  concurrency: 4,
  run({ text, sentences = DEFAULT_SENTENCES, feedback = [] }) {
    const source = readSentences(text);
    const wished = new Set(feedback.flatMap(words).map(stem));
    const ranks = rankSentences(source);
    const wishes = ({ stems }: Sentence) => [...stems].filter((found) => wished.has(found)).length;
    const chosen = source
      .map((sentence, at) => ({
        text: sentence.text,
        at,
        rank: ranks[at]! * (1 + wishes(sentence)),
      }))
      .sort((a, b) => b.rank - a.rank || a.at - b.at)
      .slice(0, sentences)
      .sort((a, b) => a.at - b.at);
    return { text: chosen.map((sentence) => sentence.text).join(' '), sentences: chosen.length };
  },
});
