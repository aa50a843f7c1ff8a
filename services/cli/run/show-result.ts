import type { Result } from '../../../shared/envelope/envelope.ts';
import { exitCode } from '../failure.ts';
import { fullResultLines, runFailureLine } from '../terminal/result-lines.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Prints a result, as its envelope or for a person, and answers with the exit code that says how the run ended. */
export function showResult(result: Result, json: boolean, terminal: Terminal): number {
  const { out, err } = terminal;
  if (json) out.print(JSON.stringify(result));
  else out.print(...fullResultLines(result, out.screen));
  if (result.run.status === 'succeeded') return exitCode.succeeded;
  err.print(runFailureLine(result));
  return exitCode.failed;
}
