import { didYouMean } from '../../../shared/flow/did-you-mean.ts';
import { UsageError } from '../usage-error.ts';

/** One process to start. */
export interface PlannedProcess {
  readonly service: string;
  /** What its log lines are named: the service, and a number where there are several. */
  readonly name: string;
}

/** More processes of one service than this on one machine is a slip of the finger. */
const MOST_PROCESSES = 64;

/** Processes for words like `coordinator sentiment=3`; no words means each default service once. Throws UsageError. */
export function planProcesses(
  words: readonly string[],
  known: readonly string[],
  defaults: readonly string[] = known,
): PlannedProcess[] {
  const counts = new Map<string, number>();
  for (const word of words.length === 0 ? defaults : words) {
    const { service, count } = parseWord(word, known);
    counts.set(service, (counts.get(service) ?? 0) + count);
  }
  return [...counts].flatMap(([service, count]) =>
    Array.from({ length: count }, (_, index) => ({
      service,
      name: count === 1 ? service : `${service}.${index + 1}`,
    })),
  );
}

function parseWord(word: string, known: readonly string[]): { service: string; count: number } {
  const [service = '', number, ...more] = word.split('=');
  if (!known.includes(service)) {
    throw new UsageError(
      'unknown_service',
      `There is no service "${service}".${didYouMean(service, known)} There are: ${known.join(', ')}.`,
    );
  }
  const count = number === undefined ? 1 : Number(number);
  if (more.length > 0 || !/^\d+$/.test(number ?? '1') || count < 1 || count > MOST_PROCESSES) {
    throw new UsageError(
      'bad_count',
      `"${word}" is no count of processes: write ${service}=3, with a number from 1 to ${MOST_PROCESSES}.`,
    );
  }
  if (service === 'coordinator' && count > 1) {
    throw new UsageError(
      'one_coordinator',
      'One coordinator runs on one database file: start it once, and as many workers as you like.',
    );
  }
  return { service, count };
}
