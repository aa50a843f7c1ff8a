import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { LoadFigures } from '../load.ts';
import type { Answer, Order, Usage } from './orders.ts';

export type Role = 'client' | 'coordinator' | 'worker';

export interface ProcessPlan {
  readonly role: Role;
  readonly file: URL;
  readonly args: readonly string[];
  /** Beside what this process has. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What the image of the services sets: infra/docker/Dockerfile. */
const nodeFlags = ['--max-semi-space-size=32'];

/** A process of a system under test. It ends when this process does. */
export class BenchProcess {
  readonly role: Role;
  readonly #child: ChildProcess;
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>();
  #asked = 0;

  /** Resolves when the process says that it is ready; rejects when it ends before. */
  static async start({ role, file, args, env }: ProcessPlan): Promise<BenchProcess> {
    const child = fork(file, args, { env: { ...process.env, ...env }, execArgv: nodeFlags });
    const ended = once(child, 'exit').then(() => {
      throw new Error(`${file.pathname.split('/bench/').at(-1)} ended before it was ready`);
    });
    await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => {});
    return new BenchProcess(role, child);
  }

  private constructor(role: Role, child: ChildProcess) {
    this.role = role;
    this.#child = child;
    child.on('message', (answer: Answer) => this.#answered(answer));
    child.once('exit', () => this.#ended());
  }

  usage(): Promise<Usage> {
    return this.#ask({ type: 'usage' }) as Promise<Usage>;
  }

  load(order: Omit<Extract<Order, { type: 'load' }>, 'type'>): Promise<LoadFigures> {
    return this.#ask({ type: 'load', ...order }) as Promise<LoadFigures>;
  }

  async submit(order: Omit<Extract<Order, { type: 'submit' }>, 'type'>): Promise<void> {
    await this.#ask({ type: 'submit', ...order });
  }

  /** Ends the process and waits until it is gone. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill();
    await gone;
  }

  #ask(order: Order): Promise<unknown> {
    const id = this.#asked++;
    const answer = Promise.withResolvers<unknown>();
    this.#open.set(id, answer);
    this.#child.send({ id, order });
    return answer.promise;
  }

  #answered(answer: Answer): void {
    const open = this.#open.get(answer.id);
    this.#open.delete(answer.id);
    if ('error' in answer) open?.reject(new Error(`the ${this.role} failed: ${answer.error}`));
    else open?.resolve(answer.answer);
  }

  #ended(): void {
    for (const { reject } of this.#open.values()) reject(new Error(`the ${this.role} ended`));
    this.#open.clear();
  }
}
