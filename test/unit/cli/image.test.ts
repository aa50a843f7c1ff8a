import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDuration } from '../../../services/cli/input/duration.ts';
import { imageDataUrl } from '../../../services/cli/input/image.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-cli-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('an image file', () => {
  it('becomes a data URL, whatever its name ends in', async () => {
    const file = join(folder, 'photo.txt');
    await writeFile(file, Buffer.from([0xff, 0xd8, 0xff, 0xe0]));
    expect(await imageDataUrl(file)).toBe('data:image/jpeg;base64,/9j/4A==');
  });

  it('that is not there, a folder, or no image is a clear sentence', async () => {
    await expect(imageDataUrl(join(folder, 'none.png'))).rejects.toThrow(/There is no file .*none/);
    await expect(imageDataUrl(folder)).rejects.toThrow(/is a folder/);
    const text = join(folder, 'text.png');
    await writeFile(text, 'hello');
    await expect(imageDataUrl(text)).rejects.toMatchObject({ code: 'not_an_image' });
  });
});

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
  ])('%s', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', '5', 'soon', '-1s', '0s'])('is not "%s"', (text) => {
    expect(() => parseDuration(text)).toThrow(/is no duration/);
  });
});
