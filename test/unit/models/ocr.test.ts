import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { model } from '../../../services/ocr/model.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { sampleBytes, sampleImage } from '../../support/data.ts';
import { loadModel } from '../../support/load-model.ts';

const ocr = await loadModel(model);
afterAll(() => ocr.unload());

/** Share of the true words that were read, each as often as it occurs. */
function shareRead(truth: string, read: string): number {
  const left = read.split(/\s+/);
  const words = truth.split(/\s+/).filter((word) => word !== '');
  const found = words.filter((word) => {
    const at = left.indexOf(word);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
  return found.length / words.length;
}

describe('the OCR model', () => {
  it.each(['receipt-groceries', 'receipt-restaurant', 'receipt-fuel'])(
    'reads at least nine in ten words of %s',
    async (name) => {
      const truth = readFileSync(
        new URL(`../../data/receipts/${name}.txt`, import.meta.url),
        'utf8',
      );
      const { text, confidence, lines } = await ocr.run({ image: sampleImage(name) });
      expect(shareRead(truth, text), text).toBeGreaterThanOrEqual(0.9);
      expect(confidence).toBeGreaterThan(0.8);
      expect(lines.map((line) => line.text).join('\n')).toBe(text);
    },
  );

  it('stops in the middle when the call is aborted, and reads the next image all the same', async () => {
    const call = new AbortController();
    const reason = new Error('time is over');
    const reading = ocr.run(
      { image: sampleImage('receipt-fuel') },
      { signal: call.signal, emit: () => call.abort(reason) },
    );
    await expect(reading).rejects.toBe(reason);
    const { text } = await ocr.run({ image: sampleImage('receipt-fuel') });
    expect(text).toContain('69.22');
  });

  it('tells how far it is', async () => {
    const progress: JsonObject[] = [];
    await ocr.run(
      { image: sampleImage('receipt-fuel') },
      { emit: (report) => void progress.push(report) },
    );
    expect(progress.length).toBeGreaterThan(1);
    expect(progress.at(-1)).toEqual({ done: 1 });
  });

  it('does not begin a call that is already aborted', async () => {
    const reason = new Error('too late');
    await expect(
      ocr.run({ image: sampleImage('receipt-fuel') }, { signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
  });

  const cutJpeg = Buffer.concat([
    Buffer.from('ffd8ffc000110801000100030122000211010311', 'hex'),
    Buffer.alloc(400),
  ]);
  it.each([
    ['a cut off PNG', 'png', sampleBytes('receipt-fuel').subarray(0, 2000)],
    ['a broken JPEG', 'jpeg', cutJpeg],
  ])('refuses %s and survives it', async (_what, format, bytes) => {
    const image = `data:image/${format};base64,${bytes.toString('base64')}`;
    await expect(ocr.run({ image })).rejects.toMatchObject({ code: 'image_invalid' });
    expect((await ocr.run({ image: sampleImage('receipt-groceries') })).text).toContain('TOTAL');
  });
});
