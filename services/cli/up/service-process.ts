import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type BackoffPolicy, backoffMs } from '../../../shared/backoff/backoff.ts';

/** A service that ran this long was healthy: its next crash waits as short as the first. */
const HEALTHY_MS = 30_000;
/** What a service exits with when its environment is wrong. */
const WRONG_ENVIRONMENT = 2;
const restarts: BackoffPolicy = { initialMs: 500, factor: 2, maxMs: 30_000, jitter: 'none' };

export interface ServiceCommand {
  readonly name: string;
  /** Path of the service's main.ts. */
  readonly entry: string;
  readonly args: readonly string[];
  /** Flags of Node. */
  readonly nodeFlags: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ServiceEvents {
  /** A line that the service wrote, to either stream. */
  readonly onLine: (line: string) => void;
  /** It ended and was not asked to; it starts again after `restartMs`. */
  readonly onCrash: (how: string, restartMs: number) => void;
  /** It ended because its environment is wrong: starting it again would not help. */
  readonly onRefused: () => void;
}

/**
 * Keeps one service running as a process of its own:
 * 1. it is in a process group of its own, so that Ctrl-C reaches `up` alone, which then stops everything in order;
 * 2. a process that ends by itself is started again, each time after twice the wait, up to 30 s;
 * 3. a process that says its environment is wrong (exit code 2) is not started again;
 * 4. stop() sends SIGTERM, waits for the grace time, then kills; when it resolves there is no process.
 */
export class ServiceProcess {
  readonly #command: ServiceCommand;
  readonly #events: ServiceEvents;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #restart: NodeJS.Timeout | undefined;
  #crashes = 0;
  #stopping = false;

  constructor(command: ServiceCommand, events: ServiceEvents) {
    this.#command = command;
    this.#events = events;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    const { entry, args, nodeFlags, env } = this.#command;
    const guard = fileURLToPath(new URL('./stop-with-parent.ts', import.meta.url));
    const child = spawn(process.execPath, [...nodeFlags, '--import', guard, entry, ...args], {
      env: { ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const startedAtMs = Date.now();
    const ended = Promise.withResolvers<void>();
    const end = (how: string, code?: number) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      ended.resolve();
      if (this.#stopping) return;
      if (code === WRONG_ENVIRONMENT) this.#events.onRefused();
      else this.#startAgain(how, Date.now() - startedAtMs);
    };
    this.#child = child;
    this.#ended = ended.promise;
    this.#read(child.stdout);
    this.#read(child.stderr);
    child.once('error', (error) => end(error.message));
    child.once('close', (code, signal) => end(signal ?? `exit code ${code}`, code ?? undefined));
  }

  /** Idempotent. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === undefined) return;
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await this.#ended;
    clearTimeout(kill);
  }

  #startAgain(how: string, ranMs: number): void {
    this.#crashes = ranMs > HEALTHY_MS ? 1 : this.#crashes + 1;
    const restartMs = backoffMs(restarts, this.#crashes, 0);
    this.#events.onCrash(how, restartMs);
    this.#restart = setTimeout(() => this.start(), restartMs);
  }

  #read(stream: Readable | null): void {
    if (stream === null) return;
    createInterface({ input: stream }).on('line', (line) => this.#events.onLine(line));
  }
}
