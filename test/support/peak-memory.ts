import { readFileSync, writeFileSync } from 'node:fs';

/** How much more memory a process takes from now on. Linux. */
export interface PeakMemory {
  /** Bytes above what it took at the beginning, at most, until now. */
  grown(): number;
}

/** Watches a process of this user. */
export function peakMemory(pid: number): PeakMemory {
  // 5: forget the peak so far.
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  const before = status(pid, 'VmRSS');
  return { grown: () => status(pid, 'VmHWM') - before };
}

function status(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const [, kibibytes] = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text) ?? [];
  return Number(kibibytes) * 1024;
}
