import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from './eventually.ts';

/** A program of the project in a process of its own. */
export interface Child {
  readonly pid: number | undefined;
  /** What it wrote to both outputs. */
  readonly output: () => string;
  /** Resolves when its output has this text; rejects when it has not within the time, 60 s unless said otherwise. */
  said(text: string, timeoutMs?: number): Promise<void>;
  /** SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves when it has ended by itself, to the signal that ended it. */
  died(): Promise<NodeJS.Signals | null>;
  /** SIGTERM. Resolves to the exit code. */
  stop(): Promise<number | null>;
}

/** In the environment of every process that tests start: none may tell it, whatever goes wrong. */
const secret = 'secret-of-the-environment-71c0';

/** Starts a TypeScript file of the project with this Node. */
export function startChild(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Child {
  const child: ChildProcess = spawn(process.execPath, [file, ...args], {
    // Most tests are about something else than tokens.
    env: { ...process.env, SECURITY: 'off', SECRET: secret, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const exited = once(child, 'exit');
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
  }
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
    if (output.includes(secret)) throw new Error(`A log tells the environment:\n${output}`);
    return child.exitCode;
  };
  return {
    pid: child.pid,
    output: () => output,
    said: async (text, timeoutMs = 60_000) => {
      await eventually(
        () => {
          if (output.includes(text)) return true;
          throw new Error(`No '${text}' in:\n${output}`);
        },
        { timeoutMs },
      );
    },
    kill: async () => void (await end('SIGKILL')),
    died: async () => {
      await exited;
      return child.signalCode;
    },
    stop: () => end('SIGTERM'),
  };
}
