import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { round, softmax } from '../../shared/classifier/ranking.ts';
import { excerpt } from '../../shared/text/excerpt.ts';
import { textInput } from '../../shared/text/input.ts';
import { words } from '../../shared/text/words.ts';
import { defineModel } from '../../shared/worker/model.ts';

const MAX_CHARS = 2_000;

const levels = ['urgent', 'normal', 'low'] as const;
const level = z.enum(levels);
const weights = z.record(z.string(), z.number().positive());
const keywordFile = z.strictObject({ urgent: weights, normal: weights, low: weights });

/** Says how urgent a support message is, from weighted keywords: cheap, and unsure of what it has no word for. */
export const model = defineModel({
  name: 'triage-keywords',
  version: 1,
  description: 'Urgency of a support message from weighted keywords (first 2,000 characters).',
  input: z.object({ text: textInput }),
  output: z.object({ label: level, confidence: z.number().min(0).max(1) }),
  concurrency: 16,
  load() {
    const file = new URL('keywords.json', import.meta.url);
    const parsed = keywordFile.parse(JSON.parse(readFileSync(file, 'utf8')));
    return levels.map((name) => new Map(Object.entries(parsed[name])));
  },
  run({ text }, _call, keywords) {
    const seen = new Set(words(excerpt(text, MAX_CHARS)));
    const scores = keywords.map((known) => {
      let sum = 0;
      for (const word of seen) sum += known.get(word) ?? 0;
      return sum;
    });
    // Without any keyword the message is most likely an ordinary one.
    const [best] = softmax(levels, [scores[0]!, scores[1]! + 0.1, scores[2]!]);
    return { label: level.parse(best?.label), confidence: round(best!.confidence) };
  },
});
