import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('./chaos.ts', import.meta.url));

/** About a minute; `npm run chaos` is for more. */
const sample =
  '--jobs 300 --kills 6 --broker-restarts 1 --db-restarts 1 --faults 4 --seed 11 --json';

it('a minute of chaos loses nothing, doubles nothing and computes nothing wrong', async () => {
  const { code, output, errors } = await new Promise<{
    code: number | null;
    output: string;
    errors: string;
  }>((resolve) => {
    const child = execFile(process.execPath, [program, ...sample.split(' ')], (_, output, errors) =>
      resolve({ code: child.exitCode, output, errors }),
    );
  });
  expect(code, `${errors}\n${output}`).toBe(0);
  expect(JSON.parse(output)).toMatchObject({
    lost: 0,
    assembledTwice: 0,
    joinedTwice: 0,
    staleAccepted: 0,
    wrongValue: 0,
    unresolved: 0,
    overLimit: 0,
    overspent: 0,
    seed: 11,
  });
  // The policies were on: a breaker was open, a budget spent, a limit reached.
  const { breakerRefusals, budgetRefusals, mostInFlight } = JSON.parse(output);
  expect(Math.min(breakerRefusals, budgetRefusals, mostInFlight)).toBeGreaterThan(0);
}, 400_000);
