import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { FromFleet, ToFleet } from './protocol.ts';

export type Facts = FromFleet & { readonly type: 'facts' };

/** Where a fleet is. */
export interface Place {
  /** AMQP URL of a virtual host in which nobody else works. */
  readonly url: string;
  /** A folder for its store. */
  readonly folder: string;
  /** The folder with the keys of all, where messages are signed. */
  readonly keys?: readonly [string];
}

/** The fleet that is attacked, seen from outside. */
export class Fleet {
  readonly #child: ChildProcess;
  readonly #onMessage: (message: FromFleet) => void;
  #closing = false;
  #errors = '';
  #crash: string | undefined;

  /** Resolves when it takes jobs. Rejects with what it wrote when it does not come up. */
  static async start(place: Place, onMessage: (message: FromFleet) => void): Promise<Fleet> {
    const fleet = new Fleet(place, onMessage);
    await fleet.#next('ready');
    return fleet;
  }

  private constructor(place: Place, onMessage: (message: FromFleet) => void) {
    this.#onMessage = onMessage;
    const { url, folder, keys = [] } = place;
    this.#child = fork(
      new URL('./fleet-process.ts', import.meta.url),
      [url, join(folder, 'runs.db'), ...keys],
      {
        execArgv: ['--expose-gc'],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      },
    );
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      this.#errors += bytes.toString();
    });
    this.#child.on('message', (message) => this.#onMessage(message as FromFleet));
    this.#child.once('exit', (code, signal) => {
      if (!this.#closing) this.#crash = `code ${code}, signal ${signal}\n${this.#errors}`;
    });
  }

  /** How it ended, if it did by itself. */
  get crash(): string | undefined {
    return this.#crash;
  }

  /** Its memory, and how long its batches took. With `reset` it measures anew from here. */
  async facts(type: ToFleet['type'] = 'facts'): Promise<Facts> {
    const facts = this.#next('facts');
    this.#child.send({ type } satisfies ToFleet);
    return (await facts) as Facts;
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    if (this.#child.connected) this.#child.disconnect();
    await exited;
  }

  #next(type: FromFleet['type']): Promise<FromFleet> {
    return new Promise((resolve, reject) => {
      const exited = () => reject(new Error(`The fleet ended: ${this.#errors}`));
      const hear = (message: FromFleet) => {
        if (message.type !== type) return;
        this.#child.off('message', hear).off('exit', exited);
        resolve(message);
      };
      this.#child.on('message', hear).once('exit', exited);
      if (this.#child.exitCode !== null) exited();
    });
  }
}
