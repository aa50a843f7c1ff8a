import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDuration } from '../../../services/cli/input/duration.ts';
import { imageInput } from '../../../services/cli/input/image.ts';
import type { Upload } from '../../../shared/client/client-artifacts.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-cli-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('an image file', () => {
  it('becomes a data URL, whatever its name ends in', async () => {
    const file = join(folder, 'photo.txt');
    await writeFile(file, Buffer.from([0xff, 0xd8, 0xff, 0xe0]));
    expect(await imageInput(file)).toBe('data:image/jpeg;base64,/9j/4A==');
  });

  it('is an upload in pieces when it is too large for a message', async () => {
    const file = join(folder, 'photo.jpg');
    const bytes = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(200_000)]);
    await writeFile(file, bytes);
    const { source, mediaType } = (await imageInput(file)) as Upload;
    expect(mediaType).toBe('image/jpeg');
    expect(await buffer(source as AsyncIterable<Buffer>)).toEqual(bytes);
  });

  it('that is not there, a folder, or no image is a clear sentence', async () => {
    await expect(imageInput(join(folder, 'none.png'))).rejects.toThrow(/There is no file .*none/);
    await expect(imageInput(folder)).rejects.toThrow(/is a folder/);
    const text = join(folder, 'text.png');
    await writeFile(text, 'hello');
    await expect(imageInput(text)).rejects.toMatchObject({ code: 'not_an_image' });
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
