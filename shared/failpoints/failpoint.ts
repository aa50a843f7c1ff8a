import { ConfigError, FleetError } from '../errors/errors.ts';

/**
 * Named places in the protocol where a test lets a process die, halt, fail or dawdle. None is armed unless `FAILPOINT` names
 * it; then a passage costs one comparison. Worker: W1 delivered · W2 verified · W3 during the call · W4 model done · W5 reply
 * built · W6 published, no confirm yet · W7 confirmed, before the ack · W8 after the ack. Coordinator: C1 job delivered ·
 * C2 job committed, before the ack · C3 before the outbox is published · C4 published, no confirm yet · C5 confirmed, before
 * the outbox row is marked · C6 replies delivered · C7 inside the transaction that fires a join · C8 replies committed, before
 * the ack · C9 timer fired, before the commit · C10 result committed, before it is published · C11 holding a lease on overdue
 * outbox rows.
 */
const syntax =
  /^(?<point>W[1-8]|C(?:[1-9]|1[01]))(?::(?<nth>[1-9]\d{0,8}))?(?::(?<action>kill|stop|throw|delay))?$/;

type Worker = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;
export type Failpoint = `W${Worker}` | `C${Worker | 9 | 10 | 11}`;

/** How long `delay` holds the whole process, its event loop too. */
const DELAY_MS = 1_000;
/** Turns of the event loop after which what was written in this one has left: channel, multiplexer, socket. */
const TURNS_UNTIL_WRITTEN = 3;

interface Armed {
  readonly point: string;
  readonly act: () => void;
  passagesLeft: number;
}

let armed: Armed | undefined;

/**
 * Arms what `FAILPOINT=<point>[:<nth passage>][:kill|stop|throw|delay]` names; default: the first passage, kill. Throws
 * ConfigError for any other text, and in production unless `FAILPOINTS_IN_PRODUCTION` is 1.
 */
export function armFailpoint(env: Readonly<Record<string, string | undefined>>): void {
  armed = undefined;
  const text = env['FAILPOINT'];
  if (!text) return;
  if (env['NODE_ENV'] === 'production' && env['FAILPOINTS_IN_PRODUCTION'] !== '1') {
    throw new ConfigError(['FAILPOINT: refused while NODE_ENV is production']);
  }
  const { point, nth = '1', action = 'kill' } = syntax.exec(text)?.groups ?? {};
  if (point === undefined) {
    throw new ConfigError([
      `FAILPOINT: "${text}" is none; write W1 to W8 or C1 to C11, then :2 for the second passage, then :kill, :stop, :throw or :delay`,
    ]);
  }
  armed = { point, act: () => actions[action as Action](point), passagesLeft: Number(nth) };
}

/** A passage of the point. Where `counts` is given, a passage counts only when it answers true. Throws only for `throw`. */
export function failpoint(point: Failpoint, counts?: () => boolean): void {
  if (armed !== undefined) pass(point, counts)?.();
}

/** A passage that takes effect when what was written just now has left the process. */
export function failpointOnceWritten(point: Failpoint): void {
  if (armed === undefined) return;
  const act = pass(point);
  if (act) afterTurns(TURNS_UNTIL_WRITTEN, act);
}

/** What to do now; undefined: this passage is not the one. A failpoint takes effect once. */
function pass(point: Failpoint, counts: () => boolean = () => true): (() => void) | undefined {
  if (armed?.point !== point || !counts()) return undefined;
  armed.passagesLeft -= 1;
  if (armed.passagesLeft > 0) return undefined;
  const { act } = armed;
  armed = undefined;
  return act;
}

function afterTurns(turns: number, act: () => void): void {
  setImmediate(() => (turns > 1 ? afterTurns(turns - 1, act) : act()));
}

type Action = 'kill' | 'stop' | 'throw' | 'delay';

const actions: Readonly<Record<Action, (point: string) => void>> = {
  kill: () => void process.kill(process.pid, 'SIGKILL'),
  stop: () => void process.kill(process.pid, 'SIGSTOP'),
  throw(point) {
    throw new FleetError('failpoint', `Failpoint ${point} was told to throw.`);
  },
  delay: () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, DELAY_MS),
};
