import type { TerminalStream } from './live-area.ts';
import { type Screen, screenOf } from './screen.ts';

/** One output stream of the command line. */
export interface Output {
  /** As it is now: a terminal may have been resized. */
  readonly screen: Screen;
  readonly stream: TerminalStream;
  /** Writes one line, or several. */
  print(...lines: readonly string[]): void;
}

/** What a command may touch of the process. */
export interface Terminal {
  readonly out: Output;
  /** Standard error: what is said about the work, never the result. */
  readonly err: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { env, stdout, stderr } = process;
  return { out: outputOf(stdout, env), err: outputOf(stderr, env), env };
}

function outputOf(stream: NodeJS.WriteStream, env: Terminal['env']): Output {
  return {
    get screen() {
      const { columns, rows } = stream;
      return screenOf({ isTerminal: stream.isTTY === true, columns, rows }, env);
    },
    stream,
    print(...lines) {
      stream.write(lines.map((line) => `${line}\n`).join(''));
    },
  };
}
