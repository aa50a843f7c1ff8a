import { CommanderError } from 'commander';
import { ConfigError, FleetError } from '../../shared/errors/errors.ts';
import { InterruptedError } from './interrupted.ts';
import { UsageError } from './usage-error.ts';

export const exitCode = { succeeded: 0, failed: 1, usage: 2, rests: 3, interrupted: 130 } as const;

/** What the command line says about an error, and what it exits with. */
export interface Failure {
  readonly exitCode: number;
  /** Empty where the error has been told already. */
  readonly lines: readonly string[];
}

/** Any thrown value as sentences with a code; never a stack, but where `debug` asks for it. */
export function failureOf(error: unknown, debug: boolean): Failure {
  if (error instanceof CommanderError) {
    // It has printed its sentence; asking for help or the version is no failure.
    return { exitCode: error.exitCode === 0 ? exitCode.succeeded : exitCode.usage, lines: [] };
  }
  if (error instanceof InterruptedError) return { exitCode: exitCode.interrupted, lines: [] };
  const stack = debug && error instanceof Error ? [error.stack ?? ''] : [];
  if (error instanceof ConfigError) {
    return { exitCode: exitCode.usage, lines: [...problemLines(error), ...stack] };
  }
  if (error instanceof FleetError) {
    const usage = error instanceof UsageError;
    return {
      exitCode: usage ? exitCode.usage : exitCode.failed,
      lines: [...lineOf(error), ...stack],
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    exitCode: exitCode.failed,
    lines: [`flotilla: ${message} (unexpected_error)`, ...stack],
  };
}

function lineOf(error: FleetError): string[] {
  return [`flotilla: ${error.message} (${error.code})`];
}

/** One line for each problem; a problem of a flow file ends with a code of its own. */
function problemLines({ problems, code }: ConfigError): string[] {
  return problems.map((problem) => {
    const coded = /\([a-z0-9_]+\)$/.test(problem);
    return coded ? `flotilla: ${problem}` : `flotilla: ${problem} (${code})`;
  });
}
