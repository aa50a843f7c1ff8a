import type { Awaited } from '../../../shared/client/result-or-rest.ts';
import type { RunDetails } from '../../../shared/client/verbs.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { exitCode } from '../failure.ts';
import { restCommand, restLines } from '../terminal/rest-lines.ts';
import { fullResultLines, runFailureLine } from '../terminal/result-lines.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface ShowOptions {
  readonly json: boolean;
  /** What commands need to find the run, such as ` --db runs.db`. */
  readonly where: string;
}

/** Prints how it went to wait for a run, as JSON or for a person, and answers with the exit code that says it. */
export function showAwaited(
  awaited: Awaited,
  { json, where }: ShowOptions,
  terminal: Terminal,
): number {
  const { out, err } = terminal;
  if (awaited.name === 'rests') {
    if (json) out.print(JSON.stringify(restJson(awaited.details, where)));
    err.print(...restLines(awaited.details, where));
    return exitCode.rests;
  }
  const { result } = awaited;
  if (json) out.print(JSON.stringify(result));
  else out.print(...fullResultLines(result, out.screen));
  if (result.run.status === 'succeeded') return exitCode.succeeded;
  err.print(runFailureLine(result));
  return exitCode.failed;
}

/** A run that rests, for programs: what it waits for, and the command for each. */
export function restJson({ run, rests, waits }: RunDetails, where: string): JsonObject {
  return {
    run: run.id,
    flow: run.flow,
    status: run.status,
    deadline: run.deadline,
    rests: rests.map((rest) => {
      const { ask = null, until = null } = waits.find(({ path }) => path === rest.path) ?? {};
      return { ...rest, ask, until, command: restCommand(run.id, rest, where) };
    }),
  };
}
