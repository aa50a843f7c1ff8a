import { setTimeout as pause } from 'node:timers/promises';
import type { FromNemesis, ToNemesis } from './fleet/messages.ts';
import { describeFault, lasts, signal, strike } from './nemesis/strike.ts';
import { startEnvironment } from './network/environment.ts';
import { type Fault, planFaults } from './plan/faults.ts';
import { type ChaosOptions, TAIL_JOBS } from './plan/options.ts';
import { Random } from './plan/random.ts';
import { FsyncedLines } from './records/files.ts';
import { folderAt } from './records/folder.ts';
import type { FaultLine } from './records/lines.ts';

/**
 * Owns what the fleet runs on, and breaks it: `node nemesis-process.ts <folder> <options as JSON>`. It releases the jobs in
 * portions, one before each fault, so that every fault finds jobs in flight. It ends, and takes broker and database with it,
 * when its channel to the runner closes.
 */
const [root = '', optionsText = ''] = process.argv.slice(2);
const options = JSON.parse(optionsText) as ChaosOptions;
const random = new Random(options.seed, 'nemesis');
const log = new FsyncedLines(folderAt(root).faults);

/** Faults that last may overlap, but the fleet is left processes enough to go on. */
const MOST_AT_ONCE = 2;
const RECOVERY_MS = 60_000;
const MOST_IN_FLIGHT = 150;
const BREATH_MS = 15_000;
/** Longest wait for a process to be there, and for jobs to be under way. */
const SERVING_MS = 30_000;

const processes = new Map<string, { readonly pid: number; readonly serving: boolean }>();
const progress = { accepted: 0, finished: 0, open: 0 };
const lasting = new Set<Promise<void>>();
let changed = Promise.withResolvers<void>();
let leftToRelease = options.jobs - TAIL_JOBS;
const environment = await startEnvironment(options.store);

process.on('disconnect', () => {
  // Nobody else would end them when the runner was killed; those that it has ended are gone by now.
  for (const { pid } of processes.values()) signal(pid, 'SIGKILL');
  void environment.stop().finally(() => process.exit(0));
});
// The runner says when to end: Ctrl-C reaches this process too.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('message', (message: ToNemesis) => {
  if (message.type === 'begin') void disturb();
  if (message.type === 'process') processes.set(message.slot, message);
  if (message.type === 'progress') Object.assign(progress, message);
  if (message.type === 'queues') void tellQueues();
  changed.resolve();
  changed = Promise.withResolvers();
});
tell({
  type: 'ready',
  urls: Object.fromEntries(
    [...environment.proxies].map(([slot, proxy]) => [slot, proxy.url(environment.broker.url)]),
  ),
  databaseUrl: environment.databaseUrl ?? null,
  broker: environment.broker.description,
});

async function disturb(): Promise<void> {
  const faults = planFaults(options);
  for (const [at, fault] of faults.entries()) {
    // A fleet that is hit again before it has caught its breath proves less: hardly anything is in motion then.
    await until(() => inFlight() <= MOST_IN_FLIGHT, BREATH_MS);
    // Before the jobs are let go: they might be done before there is somebody to hit.
    await until(() => servingIn(fault), SERVING_MS);
    release(Math.floor(leftToRelease / (faults.length - at + 1)));
    await until(() => inFlight() > 0, SERVING_MS);
    await pause(random.below(400));
    // The fleet may have been quicker: it gets a little more to do.
    if (inFlight() === 0) {
      release(5);
      await until(() => inFlight() > 0, 10_000);
    }
    await begin(fault);
    tell({ type: 'struck', fault: describeFault(fault), left: faults.length - at - 1 });
  }
  await Promise.all(lasting);
  release(leftToRelease);
  for (const proxy of environment.proxies.values()) proxy.heal();
  tell({ type: 'healed' });
}

/** A fault that lasts goes on beside the next ones; after any other the fleet has to recover first. */
async function begin(fault: Fault): Promise<void> {
  if (!lasts(fault)) return record(fault);
  if (lasting.size >= MOST_AT_ONCE) await Promise.race(lasting);
  const work = record(fault).finally(() => lasting.delete(work));
  lasting.add(work);
}

async function record(fault: Fault): Promise<void> {
  const at = Date.now();
  await strike(fault, environment, (slot) => processes.get(slot)?.pid ?? 0);
  const endedAt = Date.now();
  const before = progress.finished;
  const recovered = await until(
    () => progress.finished > before || progress.open === 0,
    RECOVERY_MS,
  );
  const recoveredMs = recovered ? Date.now() - endedAt : null;
  const line: FaultLine = { fault: describeFault(fault), at, endedAt, recoveredMs };
  await log.append(line);
}

function inFlight(): number {
  return progress.accepted - progress.finished;
}

function servingIn(fault: Fault): boolean {
  return fault.kind === 'kill' || fault.kind === 'pause'
    ? (processes.get(fault.slot)?.serving ?? false)
    : true;
}

function release(jobs: number): void {
  const portion = Math.min(jobs, leftToRelease);
  if (portion <= 0) return;
  leftToRelease -= portion;
  progress.open += portion;
  tell({ type: 'release', jobs: portion });
}

/** Waits for news until something holds; answers whether it does. */
async function until(holds: () => boolean, waitMs: number): Promise<boolean> {
  const endMs = performance.now() + waitMs;
  while (!holds()) {
    const left = endMs - performance.now();
    if (left <= 0) return false;
    await Promise.race([changed.promise, pause(Math.min(left, 1_000))]);
  }
  return true;
}

async function tellQueues(): Promise<void> {
  const columns = ['name', 'messages_ready', 'messages_unacknowledged', 'consumers'];
  const text = await environment.broker.control('-q', 'list_queues', ...columns).catch(String);
  tell({ type: 'queues', text });
}

function tell(message: FromNemesis): void {
  process.send?.(message);
}
