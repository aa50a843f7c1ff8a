import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from '../../support/cli-process.ts';
import type { CommandCase } from '../corpus/case.ts';

/** Runs a command and answers `exit <number> <code>`: the code that its last sentence ends with. */
export async function runHostile(
  { args, file, input }: CommandCase,
  folder: string,
): Promise<string> {
  const path = join(folder, 'hostile.yaml');
  if (file !== undefined) writeFileSync(path, file);
  const given = args.map((arg) => (arg === '{file}' ? path : arg));
  const { code, stdout, stderr } = await runCli(given, {
    cwd: folder,
    ...(input === undefined ? {} : { input }),
  });
  const codes = [...`${stdout}\n${stderr}`.matchAll(/\(([a-z][a-z0-9_]*)\)$/gm)];
  return `exit ${code} ${codes[0]?.[1] ?? 'without a code'}`;
}
