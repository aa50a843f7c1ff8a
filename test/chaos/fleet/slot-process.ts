import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';

/** What runs in a slot. */
export interface Program {
  readonly file: string;
  /** Of one life: it may want files of its own. */
  args(life: string): readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** In its output once it does its work. */
  readonly servingText: string;
}

export interface SlotEvents {
  onProcess(slot: string, pid: number, serving: boolean): void;
  /** It ended by itself, which no process of the fleet may do. */
  onSurprise(slot: string, how: string, lastOutput: string): void;
}

/** Enough between two starts that a program which cannot start does not take the machine. */
const BREATH_MS = 500;
const STOP_MS = 40_000;

/** A slot of the fleet: a process, and another one as soon as it is killed. Its output goes to a file. */
export class SlotProcess {
  readonly #name: string;
  readonly #program: Program;
  readonly #events: SlotEvents;
  readonly #log: WriteStream;
  #child: ChildProcess | undefined;
  #lives = 0;
  #ending = false;
  #refused = false;

  constructor(name: string, program: Program, folder: string, events: SlotEvents) {
    this.#name = name;
    this.#program = program;
    this.#events = events;
    this.#log = createWriteStream(join(folder, `${name}.log`), { flags: 'a' });
  }

  /** Any of its lives did not believe a message; nobody else is on this broker. */
  get refused(): boolean {
    return this.#refused;
  }

  start(): void {
    this.#lives += 1;
    const { file, args, env, servingText } = this.#program;
    const child = spawn(process.execPath, [file, ...args(`${this.#name}-${this.#lives}`)], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C is for the runner; it ends the others in order.
      detached: true,
    });
    this.#child = child;
    let lastOutput = '';
    let serving = false;
    const onOutput = (bytes: Buffer) => {
      this.#log.write(bytes);
      lastOutput += bytes;
      this.#refused ||= lastOutput.includes('message refused');
      lastOutput = lastOutput.slice(-2_000);
      if (serving || !lastOutput.includes(servingText)) return;
      serving = true;
      if (child.pid) this.#events.onProcess(this.#name, child.pid, true);
    };
    child.stdout.on('data', onOutput);
    child.stderr.on('data', onOutput);
    if (child.pid) this.#events.onProcess(this.#name, child.pid, false);
    child.once('exit', (code, signal) => {
      if (this.#ending) return;
      if (signal === 'SIGKILL') return this.start();
      this.#events.onSurprise(this.#name, `code ${code}, signal ${signal}`, lastOutput);
      setTimeout(() => {
        if (!this.#ending) this.start();
      }, BREATH_MS);
    });
  }

  /** SIGTERM. Answers how it ended: 0 for a stop in order. */
  async stop(): Promise<number | string> {
    this.#ending = true;
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return 0;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(timer);
    return child.exitCode ?? String(child.signalCode);
  }

  /** At once, for a run that is given up. */
  kill(): void {
    this.#ending = true;
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
}
