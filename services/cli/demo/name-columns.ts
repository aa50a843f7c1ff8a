import { textWidth } from '../terminal/text-width.ts';
import type { ShownJob } from './report.ts';

const WIDEST_NAME = 16;

/** Width of the column of flow names. */
export function nameColumnsOf(jobs: readonly ShownJob[]): number {
  return Math.min(WIDEST_NAME, Math.max(0, ...jobs.map((job) => textWidth(job.flow))));
}
