import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { resultSchema } from '../../shared/envelope/envelope.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { runCli, startCli } from '../support/cli-process.ts';
import { eventually } from '../support/eventually.ts';

const LONG_MS = 90_000;
const services = ['coordinator', 'triage-classifier', 'triage-keywords=2'];

let folder: string;
let broker: TestBroker;
let running: RunningUp | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-up-'));
  broker = await testBroker();
});
afterEach(async () => {
  await running?.stop('SIGTERM');
  running = undefined;
});
afterAll(async () => {
  await broker.stop();
  await rm(folder, { recursive: true });
});

/** `flotilla up`, what it prints, and the processes it has started. */
class RunningUp {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  output = '';

  constructor(args: readonly string[], url: string) {
    this.#child = startCli(['up', ...args, '--broker', url], { cwd: folder });
    this.#closed = once(this.#child, 'close');
    const keep = (text: Buffer) => {
      this.output += text.toString();
    };
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  async says(pattern: RegExp): Promise<void> {
    await eventually(() => expect(this.output).toMatch(pattern), { timeoutMs: 45_000 });
  }

  /** Ids of its child processes. */
  async services(): Promise<number[]> {
    return childrenOf(this.#child.pid ?? -1);
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
    await this.#closed;
  }
}

async function childrenOf(parent: number): Promise<number[]> {
  const processes = process.platform === 'linux' ? await fromProc() : await fromPs();
  return processes.filter((each) => each.parent === parent).map(({ id }) => id);
}

/** A small Linux has no `ps`. */
async function fromProc(): Promise<{ id: number; parent: number }[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return Promise.all(
    ids.map(async (id) => {
      const status = await readFile(`/proc/${id}/status`, 'utf8').catch(() => '');
      return { id: Number(id), parent: Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]) };
    }),
  );
}

async function fromPs(): Promise<{ id: number; parent: number }[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
  const rows = stdout.trim().split('\n');
  return rows.map((row) => {
    const [id = 0, parent = 0] = row.trim().split(/\s+/).map(Number);
    return { id, parent };
  });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('flotilla up', { timeout: LONG_MS }, () => {
  it('starts services as processes that run, submit and result can talk to, and stops them all', async () => {
    running = new RunningUp(services, broker.url);
    await running.says(/coordinator +coordinating/);
    await running.says(/triage-keywords\.2 +serving/);
    const env = { AMQP_URL: broker.url };
    const question = ['triage', 'URGENT: the server is down!'];

    const ran = await runCli(['run', ...question, '--json'], { cwd: folder, env });
    expect(resultSchema.parse(JSON.parse(ran.stdout)).run.status).toBe('succeeded');

    const submitted = await runCli(['submit', ...question], { cwd: folder, env });
    const id = submitted.stdout.trim();
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    const result = await runCli(['result', id, '--json'], { cwd: folder, env });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const envelope = resultSchema.parse(JSON.parse(result.stdout));
    expect(envelope.run.id).toBe(id);
    expect(envelope.payload).toMatchObject({ label: 'urgent' });

    const processes = await running.services();
    expect(processes).toHaveLength(4);
    await running.stop('SIGTERM');
    expect(running.exitCode).toBe(0);
    expect(processes.filter(isRunning)).toEqual([]);
    expect(running.output).toMatch(/flotilla +stopped\n$/);
  });

  it('writes one plain log line per event in a pipe, with the name of the service', async () => {
    running = new RunningUp(['product-qa'], broker.url);
    await running.says(/product-qa +serving/);
    await running.stop('SIGINT');
    for (const line of running.output.trimEnd().split('\n')) {
      expect(line).toMatch(/^\d\d:\d\d:\d\d (flotilla|product-qa) {2,}\S/);
      expect(/\p{Cc}/u.test(line)).toBe(false);
    }
  });

  it('starts a service again that was killed', async () => {
    running = new RunningUp(['product-qa'], broker.url);
    await running.says(/product-qa +serving/);
    const [first = -1] = await running.services();
    process.kill(first, 'SIGKILL');
    await running.says(/WARN product-qa ended \(SIGKILL\); again in 500 ms/);
    await running.says(/serving[\s\S]*serving/);
    const [second] = await running.services();
    expect(second).not.toBe(first);
  });

  it('leaves no service behind when it is killed itself', async () => {
    running = new RunningUp(['product-qa'], broker.url);
    await running.says(/product-qa +serving/);
    const processes = await running.services();
    await running.stop('SIGKILL');
    await eventually(() => expect(processes.filter(isRunning)).toEqual([]), { timeoutMs: 30_000 });
  });

  it('says that there is no broker, keeps trying, and stops when told to', async () => {
    running = new RunningUp(['product-qa'], 'amqp://127.0.0.1:1');
    await running.says(/WARN the broker \S+ cannot be reached: nothing listens there; trying/);
    expect(await running.services()).toEqual([]);
    await running.stop('SIGTERM');
    expect(running.exitCode).toBe(0);
  });
});
