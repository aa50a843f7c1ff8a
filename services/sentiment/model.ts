import { z } from 'zod';
import { round } from '../../shared/classifier/ranking.ts';
import { excerpt } from '../../shared/text/excerpt.ts';
import { textInput } from '../../shared/text/input.ts';
import { loadWink } from '../../shared/text/wink.ts';
import { defineModel } from '../../shared/worker/model.ts';

const MAX_CHARS = 10_000;
/** Scores closer to zero than this are neutral. */
const NEUTRAL = 0.1;

/** Says whether a text sounds positive, neutral or negative. */
export const model = defineModel({
  name: 'sentiment',
  version: 1,
  description:
    'Sentiment of an English text (first 10,000 characters), by the lexicon of wink-nlp.',
  input: z.object({ text: textInput }),
  output: z.object({
    label: z.enum(['positive', 'neutral', 'negative']),
    score: z.number().min(-1).max(1),
    confidence: z.number().min(0).max(1),
  }),
  concurrency: 8,
  load: () => loadWink(['sbd', 'negation', 'sentiment']),
  run({ text }, _call, nlp) {
    const raw = Number(nlp.readDoc(excerpt(text, MAX_CHARS)).out(nlp.its.sentiment));
    const score = round(Math.max(-1, Math.min(1, raw)));
    const strength = Math.abs(score);
    const label = strength < NEUTRAL ? 'neutral' : score > 0 ? 'positive' : 'negative';
    // A lexicon knows no probability: confidence is one half at the border of "neutral" and grows with the distance.
    const confidence =
      label === 'neutral'
        ? 1 - (0.5 * strength) / NEUTRAL
        : 0.5 + (0.5 * (strength - NEUTRAL)) / (1 - NEUTRAL);
    return { label, score, confidence: round(confidence) };
  },
});
