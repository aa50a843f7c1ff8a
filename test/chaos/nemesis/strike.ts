import { setTimeout as pause } from 'node:timers/promises';
import type { Environment } from '../network/environment.ts';
import type { Fault } from '../plan/faults.ts';

/** How long a database stays away. */
const DATABASE_AWAY_MS = 1_500;

/** A fault as one line for logs. */
export function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case 'kill':
      return `kill -9 ${fault.slot}`;
    case 'pause':
      return `SIGSTOP ${fault.slot} for ${fault.lastsMs} ms`;
    case 'broker':
      return fault.how === 'killed' ? 'broker killed and started' : 'broker restarted cleanly';
    case 'database':
      return 'database stopped at once and started';
    case 'network':
      return fault.how === 'reset'
        ? `reset of ${fault.slot}`
        : `${fault.how} at ${fault.slot} for ${fault.lastsMs} ms`;
  }
}

/** Whether the next fault may begin while this one lasts. */
export function lasts(fault: Fault): boolean {
  return fault.kind === 'pause' || (fault.kind === 'network' && fault.how !== 'reset');
}

/** Does it; resolves when it is over. `pidOf` answers the process in a slot. */
export async function strike(
  fault: Fault,
  environment: Environment,
  pidOf: (slot: string) => number,
): Promise<void> {
  switch (fault.kind) {
    case 'kill':
      signal(pidOf(fault.slot), 'SIGKILL');
      return;
    case 'pause': {
      const pid = pidOf(fault.slot);
      signal(pid, 'SIGSTOP');
      await pause(fault.lastsMs);
      signal(pid, 'SIGCONT');
      return;
    }
    case 'broker':
      return environment.broker.restart(fault.how);
    case 'database':
      await environment.database?.halt('killed');
      await pause(DATABASE_AWAY_MS);
      return environment.database?.start();
    case 'network': {
      const proxy = environment.proxies.get(fault.slot);
      proxy?.begin(fault.how);
      if (!lasts(fault)) return;
      await pause(fault.lastsMs);
      proxy?.heal();
    }
  }
}

/** Signals a process; one that is gone by now is left in peace. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
