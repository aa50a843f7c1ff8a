import type { LoadFigures } from '../load.ts';
import type { Answer, Counts, Order, Question, Usage } from './orders.ts';

/** What a process does beside telling what it has used. */
export interface Duties {
  readonly load?: (order: Extract<Order, { type: 'load' }>) => Promise<LoadFigures>;
  readonly submit?: (order: Extract<Order, { type: 'submit' }>) => Promise<void>;
  readonly counts?: () => Counts;
}

/** Says that this process is ready and obeys the benchmark, until that ends. */
export function serve(duties: Duties = {}): void {
  process.on('message', async ({ id, order }: Question) => {
    try {
      reply({ id, answer: await obey(order, duties) });
    } catch (error) {
      reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  process.on('disconnect', () => process.exit());
  process.send?.('ready');
}

async function obey(order: Order, { load, submit, counts }: Duties) {
  if (order.type === 'usage') return usage(counts);
  if (order.type === 'load' && load) return load(order);
  if (order.type === 'submit' && submit) return submit(order).then(() => null);
  throw new Error(`This process cannot ${order.type}.`);
}

function usage(counts: Duties['counts']): Usage {
  const { user, system } = process.cpuUsage();
  return {
    cpuMs: (user + system) / 1_000,
    residentBytes: process.memoryUsage.rss(),
    peakBytes: process.resourceUsage().maxRSS * 1_024,
    counts: counts?.() ?? null,
  };
}

function reply(answer: Answer): void {
  process.send?.(answer);
}
