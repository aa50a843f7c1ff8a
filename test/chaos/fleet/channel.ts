import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

/** A process of the run that talks to the runner. */
export class Channel<Sent extends object, Received extends { readonly type: string }> {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #closing = false;

  constructor(
    file: URL,
    args: readonly string[],
    options: {
      readonly logFile: string;
      readonly onMessage: (message: Received) => void;
      /** It ended although its channel was open. */
      readonly onEnd: (how: string) => void;
    },
  ) {
    // A session of its own: Ctrl-C is for the runner, which ends the others in order.
    this.#child = fork(file, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true });
    const log = createWriteStream(options.logFile, { flags: 'a' });
    this.#child.stdout?.pipe(log, { end: false });
    this.#child.stderr?.pipe(log, { end: false });
    this.#exited = once(this.#child, 'exit');
    this.#child.on('message', (message) => options.onMessage(message as Received));
    this.#child.on('error', (error) => options.onEnd(error.message));
    this.#child.once('exit', (code, signal) => {
      if (!this.#closing) options.onEnd(`code ${code}, signal ${signal}`);
    });
  }

  send(message: Sent): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Closes the channel, which tells the process to end, and waits until it has. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#child.connected) this.#child.disconnect();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.#exited;
  }
}
