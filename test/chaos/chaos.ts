import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChaosRun } from './fleet/run.ts';
import { type ChaosOptions, readOptions, usage } from './plan/options.ts';
import { folderAt } from './records/folder.ts';

/**
 * `npm run chaos`: see README.md. Progress goes to standard error, the summary to standard output. Ends with 0 when nothing was
 * lost, doubled or wrong and enough was done, with 1 when not, with 2 for wrong arguments, with 130 for Ctrl-C.
 */
const options = optionsOf(process.argv.slice(2));
const root = mkdtempSync(join(tmpdir(), 'flotilla-chaos-'));
const startedMs = performance.now();
const run = new ChaosRun(options, folderAt(root), (line) => {
  const seconds = String(Math.round((performance.now() - startedMs) / 1_000)).padStart(4);
  process.stderr.write(`${seconds} s  ${line}\n`);
});

let closing: Promise<void> | undefined;
const close = () => {
  closing ??= run.close().finally(() => {
    if (!options.keep) rmSync(root, { recursive: true, force: true });
  });
  return closing;
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void close().finally(() => process.exit(130)));
}

try {
  const { line, failures } = await run.run();
  for (const failure of failures) process.stderr.write(`failed: ${failure}\n`);
  if (options.keep) process.stderr.write(`kept in ${root}\n`);
  await close();
  const text = Object.entries(line).map(([name, value]) => `${name} ${value}`);
  process.stdout.write(options.json ? `${JSON.stringify(line)}\n` : `${text.join(', ')}\n`);
  process.exit(failures.length === 0 ? 0 : 1);
} catch (error) {
  process.stderr.write(`failed: ${error instanceof Error ? error.stack : String(error)}\n`);
  await close();
  process.exit(1);
}

function optionsOf(args: readonly string[]): ChaosOptions {
  try {
    return readOptions(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${usage}\n`);
    process.exit(2);
  }
}
