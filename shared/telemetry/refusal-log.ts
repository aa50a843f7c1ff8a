import type { Logger } from './logger.ts';
import { ended, type Tally, tallied } from './refusal-tally.ts';

/** How long lines are counted before their number is written. */
const INTERVAL_MS = 30_000;
/** Causes told apart; codes and queues may be of a sender's making, so that all others count as one. */
const MAX_CAUSES = 1_000;

/** A message that was refused. Further fields are written with it. */
export interface Refused {
  /** What was refused, such as `reply refused`: begins the line. */
  readonly what: string;
  readonly code: string;
  readonly queue: string;
}

interface Cause {
  tally: Tally;
  /** Writes the latest line of it, behind how many there were. */
  write: (counted: number) => void;
}

const logs = new WeakMap<Logger, Map<string, Cause>>();

/**
 * Logs a message that was refused. Whoever sends many of them must not fill the log: of one code on one queue the first are written whole,
 * then one line in each half minute says how many there were and shows the latest. Every door that refuses messages logs it here.
 */
export function logRefused(
  logger: Logger,
  { what, ...fields }: Refused & { readonly [field: string]: unknown },
  sentence = '',
): void {
  const causes = causesOf(logger);
  const own = `${what}/${fields.code}/${fields.queue}`;
  const name = causes.has(own) || causes.size < MAX_CAUSES ? own : what;
  const { tally, whole } = tallied(causes.get(name)?.tally);
  const line = sentence === '' ? what : `${what}: ${sentence}`;
  const write = (counted: number) =>
    logger.warn({ ...fields, counted }, `${counted} more like this: ${line}`);
  causes.set(name, { tally, write });
  if (whole) logger.warn(fields, line);
}

/** The causes that this log has lines of lately. Its intervals begin with the first, and end when there is none. */
function causesOf(logger: Logger): Map<string, Cause> {
  const known = logs.get(logger);
  if (known !== undefined) return known;
  const causes = new Map<string, Cause>();
  logs.set(logger, causes);
  const timer = setInterval(() => {
    for (const [name, { tally, write }] of causes) {
      const { counted, next } = ended(tally);
      if (counted > 0) write(counted);
      if (next === undefined) causes.delete(name);
      else causes.set(name, { tally: next, write });
    }
    if (causes.size > 0) return;
    clearInterval(timer);
    logs.delete(logger);
  }, INTERVAL_MS).unref();
  return causes;
}
