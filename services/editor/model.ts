import { z } from 'zod';
import { readSource } from '../../shared/summary/review.ts';
import { readSentences } from '../../shared/summary/source-text.ts';
import { textInput } from '../../shared/text/input.ts';
import { defineModel } from '../../shared/worker/model.ts';
import { bestOf, type Manuscript, withOneMore, withoutOne } from './edits.ts';

/** Draft sentences that are edited; more come from no summary. */
const MAX_DRAFT_SENTENCES = 20;

/** Improves a draft summary by one edit per call, as the critic's problems ask. */
export const model = defineModel({
  name: 'editor',
  version: 1,
  description:
    'Drops, adds or swaps one sentence of a draft summary to solve a named problem; returns it unchanged when nothing helps.',
  input: z.object({
    text: textInput,
    draft: z.string().max(1_000_000),
    problems: z.array(z.string().max(2_000)).max(50),
  }),
  output: z.object({ text: z.string() }),
  concurrency: 4,
  run({ text, draft, problems }) {
    const manuscript = {
      source: readSource(text),
      draft: readSentences(draft).slice(0, MAX_DRAFT_SENTENCES),
    };
    const edited = edit(manuscript, new Set(problems.map((problem) => problem.split(':', 1)[0])));
    return { text: edited.map((sentence) => sentence.text).join(' ') };
  },
});

/** Tries what the problems ask for, the simplest first: leave out, take in, and only then swap. */
function edit(manuscript: Manuscript, codes: ReadonlySet<string | undefined>) {
  const shorter = codes.has('redundant') || codes.has('too_long');
  const fuller = codes.has('missing') || codes.has('too_short');
  const swaps = () =>
    withoutOne(manuscript).flatMap((draft) => withOneMore({ source: manuscript.source, draft }));
  return (
    (shorter ? bestOf(manuscript, withoutOne(manuscript)) : undefined) ??
    (fuller ? bestOf(manuscript, withOneMore(manuscript)) : undefined) ??
    (shorter || fuller ? bestOf(manuscript, swaps()) : undefined) ??
    manuscript.draft
  );
}
