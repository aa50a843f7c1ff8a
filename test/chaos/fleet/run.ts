import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addKeys } from '../../../shared/security/new-keys.ts';
import { coordinatorSpoke, type Spoke } from '../../../shared/security/spoke.ts';
import { judge } from '../check/judge.ts';
import { type Summary, summarize } from '../check/summary.ts';
import { flowDocument } from '../flows/document.ts';
import { randomFlows } from '../flows/generate.ts';
import { BROKEN, DEAR, modelNames } from '../models/arithmetic.ts';
import { planFaults } from '../plan/faults.ts';
import { type ChaosOptions, TAIL_JOBS } from '../plan/options.ts';
import { SUBMITTER } from '../plan/slots.ts';
import type { Folder } from '../records/folder.ts';
import { Channel } from './channel.ts';
import { Fleet } from './fleet.ts';
import type { FromNemesis, FromSubmitter, Progress, ToNemesis, ToSubmitter } from './messages.ts';
import { StallWatch } from './stall-watch.ts';

/** Somebody wants to be told how it goes. */
export type Say = (line: string) => void;

const REPORT_EVERY_MS = 3_000;
/** Longest wait until broker, database and fleet are up. */
const START_MS = 180_000;
/** Violations that are printed. */
const MOST_PROBLEMS = 20;

/**
 * One run of chaos: starts the nemesis with broker and database, the fleet and the submitter, waits until every job has its
 * result or nothing goes on any more, ends all of it, and judges what was written down. It starts once.
 */
export class ChaosRun {
  readonly #options: ChaosOptions;
  readonly #folder: Folder;
  readonly #say: Say;
  readonly #surprises: string[] = [];
  readonly #serving = new Set<string>();
  readonly #done = Promise.withResolvers<string | undefined>();
  readonly #ready = Promise.withResolvers<FromNemesis & { type: 'ready' }>();
  readonly #fleetServes = Promise.withResolvers<void>();
  readonly #submitterReady = Promise.withResolvers<void>();
  #nemesis: Channel<ToNemesis, FromNemesis> | undefined;
  #submitter: Channel<ToSubmitter, FromSubmitter> | undefined;
  #fleet: Fleet | undefined;
  #progress: Progress = { accepted: 0, finished: 0, open: 0 };
  #queues: PromiseWithResolvers<string> = Promise.withResolvers();
  #lastFault = 'no fault yet';

  constructor(options: ChaosOptions, folder: Folder, say: Say) {
    this.#options = options;
    this.#folder = folder;
    this.#say = say;
  }

  async run(): Promise<Summary> {
    const startedMs = performance.now();
    this.#writeFlows();
    this.#makeKeys();
    const late = setTimeout(() => this.#giveUp('The fleet does not start.'), START_MS);
    const { databaseUrl } = await this.#start();
    clearTimeout(late);
    const report = setInterval(() => this.#report(), REPORT_EVERY_MS);
    const stall = new StallWatch(() => this.#done.resolve('nothing went on for 60 s'));
    this.#nemesis?.send({ type: 'begin' });
    const watch = setInterval(() => stall.look(this.#progress.finished), 1_000);
    const givenUp = await this.#done.promise;
    clearInterval(report);
    clearInterval(watch);
    if (givenUp !== undefined) await this.#dump(givenUp);
    this.#surprises.push(...((await this.#fleet?.stop()) ?? []));
    await this.#submitter?.close();
    const summary = await this.#judge(databaseUrl, performance.now() - startedMs);
    return givenUp === undefined
      ? summary
      : { ...summary, failures: [givenUp, ...summary.failures] };
  }

  /** Ends whatever was started. Idempotent. */
  async close(): Promise<void> {
    this.#fleet?.kill();
    await this.#submitter?.close();
    await this.#nemesis?.close();
  }

  #writeFlows(): void {
    mkdirSync(this.#folder.flows, { recursive: true });
    for (const flow of randomFlows(this.#options.seed)) {
      const text = JSON.stringify(flowDocument(flow), null, 2);
      writeFileSync(join(this.#folder.flows, `${flow.name}.json`), text);
    }
  }

  #makeKeys(): void {
    const workers = [...modelNames, BROKEN, DEAR].map((name): Spoke => `worker.${name}`);
    const spokes: Spoke[] = [coordinatorSpoke, ...workers, `client.${SUBMITTER}`];
    addKeys(this.#folder.keys, spokes, { alg: 'HS256', sealsFromMs: Date.now() });
  }

  async #start(): Promise<FromNemesis & { type: 'ready' }> {
    const { root } = this.#folder;
    const { seed, jobs, store } = this.#options;
    this.#nemesis = new Channel(
      new URL('../nemesis-process.ts', import.meta.url),
      [root, JSON.stringify(this.#options)],
      {
        logFile: join(root, 'nemesis.log'),
        onMessage: (message) => this.#onNemesis(message),
        onEnd: (how) => this.#giveUp(`The nemesis ended: ${how}.`),
      },
    );
    const ready = await this.#ready.promise;
    this.#say(`${ready.broker}; the fleet starts`);
    this.#fleet = new Fleet(
      { store, folder: this.#folder, urls: ready.urls, databaseUrl: ready.databaseUrl },
      {
        onProcess: (slot, pid, serving) => this.#onProcess(slot, pid, serving),
        onSurprise: (slot, how, output) => {
          this.#surprises.push(`${slot} ended by itself: ${how}`);
          this.#say(`${slot} ended by itself: ${how}\n${output}`);
        },
      },
    );
    this.#fleet.start();
    this.#submitter = new Channel(
      new URL('../submitter-process.ts', import.meta.url),
      [ready.urls[SUBMITTER] ?? '', root, String(seed), String(jobs)],
      {
        logFile: join(root, `${SUBMITTER}.log`),
        onMessage: (message) => this.#onSubmitter(message),
        onEnd: (how) => this.#giveUp(`The submitter ended: ${how}.`),
      },
    );
    await Promise.all([this.#fleetServes.promise, this.#submitterReady.promise]);
    return ready;
  }

  #onProcess(slot: string, pid: number, serving: boolean): void {
    this.#nemesis?.send({ type: 'process', slot, pid, serving });
    if (serving) this.#serving.add(slot);
    if (this.#fleet?.names.every((name) => this.#serving.has(name))) this.#fleetServes.resolve();
  }

  #onNemesis(message: FromNemesis): void {
    if (message.type === 'ready') this.#ready.resolve(message);
    else if (message.type === 'queues') this.#queues.resolve(message.text);
    else if (message.type === 'release') this.#submitter?.send(message);
    else if (message.type === 'struck')
      this.#lastFault = `${message.left} to come, ${message.fault}`;
    else {
      this.#say(`everything is healed; the last ${TAIL_JOBS} jobs follow`);
      this.#submitter?.send({ type: 'release', jobs: TAIL_JOBS });
    }
  }

  #onSubmitter(message: FromSubmitter): void {
    if (message.type === 'ready') this.#submitterReady.resolve();
    else if (message.type === 'finished') this.#done.resolve(undefined);
    else {
      this.#progress = message;
      this.#nemesis?.send(message);
    }
  }

  #giveUp(why: string): void {
    this.#done.resolve(why);
    const error = new Error(why);
    for (const waiting of [this.#ready, this.#fleetServes, this.#submitterReady]) {
      waiting.promise.catch(() => {});
      waiting.reject(error);
    }
  }

  #report(): void {
    const { accepted, finished, open } = this.#progress;
    const { jobs } = this.#options;
    this.#say(
      `${finished} of ${jobs} done, ${accepted} accepted, ${open} open; faults: ${this.#lastFault}`,
    );
  }

  /** What stands still, for whoever looks for the reason. */
  async #dump(why: string): Promise<void> {
    const { accepted, finished, open } = this.#progress;
    this.#say(`given up: ${why} (${accepted} accepted, ${finished} done, ${open} open)`);
    this.#nemesis?.send({ type: 'queues' });
    const late = new Promise<string>((resolve) => {
      setTimeout(() => resolve('the broker does not say'), 30_000).unref();
    });
    this.#say(`queues:\n${await Promise.race([this.#queues.promise, late])}`);
  }

  async #judge(databaseUrl: string | null, durationMs: number): Promise<Summary> {
    const { verdict, tailRight, faults } = await judge(this.#options, this.#folder, databaseUrl);
    for (const problem of verdict.problems.slice(0, MOST_PROBLEMS)) this.#say(problem);
    return summarize(this.#options, verdict, {
      faultsPlanned: planFaults(this.#options).length,
      faults,
      tailRight,
      surprises: this.#surprises,
      durationMs,
    });
  }
}
