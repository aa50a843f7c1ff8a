import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/cli-process.ts';
import { sampleBytes } from '../support/data.ts';
import { writeLargePng } from '../support/large-png.ts';

const FLOTILLA_MS = 120_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-e2e-'));
  const paper = { times: 3, width: 1_900, height: 2_200 };
  await writeLargePng(sampleBytes('receipt-groceries'), join(folder, 'receipt.png'), paper);
});
afterAll(() => rm(folder, { recursive: true }));

const copy = `
flow: copy
version: 1
description: Gives back what it was given.
input: { type: object, required: [image], properties: { image: { type: string } } }
do:
  - set: note
    value: { $value: copied }
output: { image: payload.image, note: context.note }
`;

describe('an image of 12 MB on the command line', { timeout: FLOTILLA_MS }, () => {
  it('is read by the fleet in one process, and the output lies in a file as well', async () => {
    const args = ['run', 'receipt', '--image', 'receipt.png', '--out', 'output.json', '--json'];
    const { code, stdout, stderr } = await runCli(args, { cwd: folder });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { payload } = JSON.parse(stdout);
    expect(payload).toMatchObject({ tag: 'groceries', amount: 21.92 });
    expect(JSON.parse(await readFile(join(folder, 'output.json'), 'utf8'))).toEqual(payload);
  });

  it('comes back as it was when a flow passes it on', async () => {
    await writeFile(join(folder, 'copy.yaml'), copy);
    const args = ['run', 'copy.yaml', '--image', 'receipt.png', '--out', 'copy.png'];
    const { code, stdout, stderr } = await runCli(args, { cwd: folder });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('copied');
    const [original, copied] = await Promise.all(
      ['receipt.png', 'copy.png'].map((name) => readFile(join(folder, name))),
    );
    expect(original?.equals(copied as Buffer)).toBe(true);
  });
});
