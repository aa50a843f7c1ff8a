import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { RunOne } from './load.ts';

/** Something that finishes jobs, to be measured. */
export interface System {
  readonly runOne: RunOne;
  stop(): Promise<void>;
}

/** Starts a process of the system under test; resolves when it says that it is ready. It ends when this process does. */
export async function startProcess(file: URL, args: readonly string[]): Promise<ChildProcess> {
  const child = fork(file, args);
  const failed = once(child, 'exit').then(() => {
    throw new Error(`${file.pathname} ended before it was ready`);
  });
  await Promise.race([once(child, 'message'), failed]);
  failed.catch(() => {});
  return child;
}

/** Ends a process and waits until it is gone. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, 'exit');
}
