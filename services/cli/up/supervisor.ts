import { setTimeout as delay } from 'node:timers/promises';
import type { BrokerAddress } from '../../../shared/transport/amqp/broker-url.ts';
import { durationText } from '../terminal/duration.ts';
import type { Ink } from '../terminal/palette.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { textWidth } from '../terminal/text-width.ts';
import { brokerProblem } from './broker-probe.ts';
import { logLine, wrapLogLine } from './log-line.ts';
import { type ServiceCommand, ServiceProcess } from './service-process.ts';

const PROBE_EVERY_MS = 2_000;
/** A service drains for up to 25 s; then it is killed. */
const GRACE_MS = 28_000;
const UP = 'flotilla';
/** `12:34:56 ` */
const CLOCK_COLUMNS = 9;

export interface SupervisorOptions {
  readonly commands: readonly ServiceCommand[];
  readonly address: BrokerAddress;
  readonly terminal: Terminal;
  /** Pass the services' JSON lines on as they are. */
  readonly json: boolean;
}

/** Starts services as processes, merges their logs into one, keeps them alive and stops them together. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #processes: readonly ServiceProcess[];
  readonly #nameColumns: number;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const names = [UP, ...options.commands.map((command) => command.name)];
    this.#nameColumns = Math.max(...names.map(textWidth));
    this.#processes = options.commands.map(
      (command, index) =>
        new ServiceProcess(command, {
          onLine: (line) => this.#log(command.name, index, line),
          onCrash: (how, restartMs) =>
            this.#say(
              'warn',
              `${command.name} ended (${how}); again in ${durationText(restartMs)}`,
            ),
          onRefused: () =>
            this.#say('warn', `${command.name} cannot start in this environment and is left out`),
        }),
    );
  }

  /** Waits for the broker, saying so, then starts every service. Returns early when `stop` is aborted. */
  async start(stop: AbortSignal): Promise<void> {
    const { display } = this.#options.address;
    for (let told: string | undefined; !stop.aborted; ) {
      const problem = await brokerProblem(this.#options.address);
      if (problem === undefined) break;
      if (problem !== told) {
        this.#say(
          'warn',
          `the broker ${display} cannot be reached: ${problem}; trying until it can`,
        );
      }
      told = problem;
      await delay(PROBE_EVERY_MS, undefined, { signal: stop }).catch(() => {});
    }
    if (stop.aborted) return;
    this.#say('info', `starting ${this.#processes.length} processes on ${display}`);
    for (const process of this.#processes) process.start();
  }

  /** Drains and ends every service; when it resolves no process is left. */
  async stop(): Promise<void> {
    const running = this.#processes.filter((process) => process.pid !== undefined);
    if (running.length > 0) this.#say('info', `stopping ${running.length} processes`);
    await Promise.all(this.#processes.map((process) => process.stop(GRACE_MS)));
    this.#say('info', 'stopped');
  }

  #log(name: string, index: number, line: string): void {
    const { palette } = this.#options.terminal.out.screen;
    this.#print(name, palette.names[index % palette.names.length] ?? palette.strong, line);
  }

  #say(level: 'info' | 'warn', msg: string): void {
    const record = { level: level === 'warn' ? 40 : 30, time: Date.now(), service: UP, msg };
    this.#print(UP, this.#options.terminal.out.screen.palette.strong, JSON.stringify(record));
  }

  #print(name: string, ink: Ink, line: string): void {
    const { json, terminal } = this.#options;
    if (json) {
      terminal.out.print(line);
      return;
    }
    const { screen } = terminal.out;
    const source = { name, nameColumns: this.#nameColumns, ink };
    const text = logLine(line, source, screen.palette, Date.now());
    const before = CLOCK_COLUMNS + this.#nameColumns + 2;
    terminal.out.print(...(screen.live ? wrapLogLine(text, before, screen.columns) : [text]));
  }
}
