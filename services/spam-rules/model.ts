import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { round } from '../../shared/classifier/ranking.ts';
import { excerpt } from '../../shared/text/excerpt.ts';
import { textInput } from '../../shared/text/input.ts';
import { words } from '../../shared/text/words.ts';
import { defineModel } from '../../shared/worker/model.ts';

const MAX_CHARS = 10_000;
/** Points at which a message is spam. */
const THRESHOLD = 2.25;

const points = z.record(z.string().min(1), z.number().positive());
const ruleFile = z.strictObject({ phrases: points, innocent: points });

/** Judges a message by a list of phrases: each found once adds its points, innocent ones take points away. */
export const model = defineModel({
  name: 'spam-rules',
  version: 1,
  description: 'Spam or ham by a weighted list of phrases (first 10,000 characters).',
  input: z.object({ text: textInput }),
  output: z.object({ label: z.enum(['spam', 'ham']), confidence: z.number().min(0).max(1) }),
  concurrency: 16,
  load() {
    const file = new URL('rules.json', import.meta.url);
    const { phrases, innocent } = ruleFile.parse(JSON.parse(readFileSync(file, 'utf8')));
    return [
      ...Object.entries(phrases),
      ...Object.entries(innocent).map(([phrase, value]): [string, number] => [phrase, -value]),
    ];
  },
  run({ text }, _call, rules) {
    const spaced = ` ${words(excerpt(text, MAX_CHARS)).join(' ')} `;
    let score = 0;
    for (const [phrase, value] of rules) if (spaced.includes(` ${phrase} `)) score += value;
    const distance = Math.abs(score - THRESHOLD);
    return {
      label: score >= THRESHOLD ? ('spam' as const) : ('ham' as const),
      confidence: round(1 / (1 + Math.exp(-distance))),
    };
  },
});
