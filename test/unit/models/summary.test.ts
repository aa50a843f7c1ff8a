import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { model as criticModel } from '../../../services/critic/model.ts';
import { model as editorModel } from '../../../services/editor/model.ts';
import { model as summarizerModel } from '../../../services/summarizer/model.ts';
import { loadModel } from '../../support/load-model.ts';

const summarizer = await loadModel(summarizerModel);
const critic = await loadModel(criticModel);
const editor = await loadModel(editorModel);
const sample = (name: string) =>
  readFileSync(new URL(`../../../infra/samples/texts/${name}.txt`, import.meta.url), 'utf8');

describe('draft, critic and editor together', () => {
  it.each(['lighthouse', 'city-bees', 'night-train'])(
    'raise the score of the summary of %s in each round until nothing is left to do',
    async (name) => {
      const text = sample(name);
      let draft = (await summarizer.run({ text })).text;
      const scores: number[] = [];
      for (let round = 0; round < 10; round++) {
        const { score, problems } = await critic.run({ text, draft });
        scores.push(score);
        const edited = (await editor.run({ text, draft, problems })).text;
        if (edited === draft) break;
        draft = edited;
      }
      expect(scores.length).toBeGreaterThan(2);
      expect(scores.every((score, at) => at === 0 || score > scores[at - 1]!)).toBe(true);
      expect(scores.at(-1)).toBeGreaterThan(0.9);
    },
  );
});

describe('the summarizer', () => {
  const text = sample('night-train');

  it('returns sentences of the text in their order', async () => {
    const { text: summary, sentences } = await summarizer.run({ text, sentences: 4 });
    expect(sentences).toBe(4);
    const flat = text.replaceAll(/\s+/g, ' ');
    const places = summary.match(/[^.]+\./g)!.map((sentence) => flat.indexOf(sentence.trim()));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThanOrEqual(0);
  });

  it('takes in what the feedback names', async () => {
    const { text: summary } = await summarizer.run({
      text,
      sentences: 1,
      feedback: ['missing: signals, borders, locomotives, rules'],
    });
    expect(summary).toContain('locomotives');
  });

  it('summarises a text without sentences as nothing', async () => {
    expect(await summarizer.run({ text: ' \n ' })).toEqual({ text: '', sentences: 0 });
  });
});

describe('the critic', () => {
  const text = sample('lighthouse');

  it('names a repeated sentence, a long draft and missing words', async () => {
    const [first = ''] = text.split('. ');
    const repeated = await critic.run({ text, draft: `${first}. ${first}.` });
    expect(repeated.problems[0]).toBe('redundant: sentence 2 repeats sentence 1');
    expect(repeated.problems.some((problem) => problem.startsWith('missing: '))).toBe(true);
    const long = await critic.run({ text, draft: text });
    expect(long.problems.some((problem) => problem.startsWith('too_long: '))).toBe(true);
  });

  it('gives an empty draft the lowest score of all', async () => {
    const empty = await critic.run({ text, draft: '' });
    expect(empty.score).toBeLessThanOrEqual(0.25);
    expect(empty.problems[0]).toMatch(/^too_short: /);
  });
});

describe('the editor', () => {
  it('changes nothing when no problem is named', async () => {
    const draft = 'Night trains are coming back. A cat sat on the mat.';
    expect(await editor.run({ text: sample('night-train'), draft, problems: [] })).toEqual({
      text: draft,
    });
  });

  it('writes a draft from nothing, sentence by sentence', async () => {
    const edited = await editor.run({
      text: sample('night-train'),
      draft: '',
      problems: ['too_short: 0 words'],
    });
    expect(edited.text).not.toBe('');
  });
});
