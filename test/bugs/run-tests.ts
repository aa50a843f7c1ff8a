import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const report = z.object({
  testResults: z.array(
    z.object({
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

/** What a run of tests came to. */
export interface TestRun {
  readonly passed: number;
  /** Full names of the tests that failed. */
  readonly failed: readonly string[];
  readonly output: string;
}

/** Runs one test file of a project folder, or those of its tests whose names have these words. */
export async function runTests(folder: string, file: string, named?: string): Promise<TestRun> {
  const reportFile = join(folder, 'bugs-report.json');
  const child = spawn(
    process.execPath,
    [
      join(folder, 'node_modules/vitest/vitest.mjs'),
      'run',
      file,
      ...(named === undefined ? [] : ['--testNamePattern', named]),
      '--reporter=json',
      `--outputFile=${reportFile}`,
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
  }
  await once(child, 'close');
  const text = await readFile(reportFile, 'utf8').catch(() => '{"testResults":[]}');
  await rm(reportFile, { force: true });
  const tests = report.parse(JSON.parse(text)).testResults.flatMap((one) => one.assertionResults);
  const failed = tests.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName);
  return { passed: tests.filter(({ status }) => status === 'passed').length, failed, output };
}
