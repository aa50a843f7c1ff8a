import type { Result } from '../../../shared/envelope/envelope.ts';
import { moneyText } from './amounts.ts';
import { countText, durationText } from './duration.ts';
import { elapsedMs } from './run-lines.ts';
import type { Screen } from './screen.ts';
import { valueLines } from './value-text.ts';

/** A result envelope for a person: the whole output, then how it came about. */
export function fullResultLines(result: Result, screen: Screen): string[] {
  const { run } = result;
  const { palette, symbols, columns } = screen;
  const facts = [
    `${run.flow} v${run.version}`,
    `${run.status} in ${durationText(elapsedMs(result))}`,
    countText(run.usage.calls, 'model call'),
    ...(run.usage.microUsd > 0 ? [moneyText(run.usage.microUsd)] : []),
  ];
  const separator = ` ${symbols.dot} `;
  return [
    ...(run.status === 'succeeded' ? [...valueLines(result.payload, columns - 1), ''] : []),
    ...(run.degraded.length > 0 ? [palette.warn(`degraded: ${run.degraded.join(', ')}`)] : []),
    ...cappedLines(run.priority, screen),
    ...(run.missing.length > 0 ? [palette.warn(`missing: ${run.missing.join(', ')}`)] : []),
    palette.quiet(facts.join(separator)),
    palette.quiet(`run ${run.id}`),
  ];
}

/** What became of the priority that a job asked for, where its client may not be as urgent as that. */
export function cappedLines(priority: Result['run']['priority'], { palette }: Screen): string[] {
  if (priority === undefined || priority.asked === priority.given) return [];
  const { asked, given } = priority;
  return [palette.warn(`priority: ${given}, not ${asked}: this client may not be more urgent`)];
}

/** Why a run did not succeed, in a sentence with its code. */
export function runFailureLine(result: Result): string {
  const { error, status, flow } = result.run;
  const where = error?.step === undefined ? '' : ` at ${error.step}`;
  const words = { failed: 'failed', cancelled: 'was cancelled', timed_out: 'ran out of time' };
  const how = status === 'succeeded' ? 'succeeded' : words[status];
  const why = error === undefined ? '' : `: ${error.message}`;
  return `flotilla: The run of ${flow} ${how}${where}${why} (${error?.code ?? status})`;
}
