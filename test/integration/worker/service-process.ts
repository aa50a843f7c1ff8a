import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '../../support/eventually.ts';

/** A service as a process of its own, with what it wrote to standard error. */
export class ServiceProcess {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown[]>;
  errors = '';

  constructor(script: URL, env: Readonly<Record<string, string>>, args: readonly string[] = []) {
    this.#child = spawn(process.execPath, [script.pathname, ...args], {
      // Most tests are about something else than tokens.
      env: { PATH: process.env['PATH'], SECURITY: 'off', ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#exit = once(this.#child, 'exit');
    this.#child.stderr?.on('data', (data) => {
      this.errors += data;
    });
  }

  /** Waits until it wrote this to standard error. */
  async says(words: string): Promise<void> {
    await eventually(
      () => {
        if (!this.errors.includes(words)) throw new Error(`Not said: ${words}\n${this.errors}`);
      },
      { timeoutMs: 60_000 },
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Its exit code, when it has ended. */
  async exitCode(): Promise<number | null> {
    const [code] = await this.#exit;
    return code as number | null;
  }

  /** Ends it whatever it does. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exit;
  }
}
