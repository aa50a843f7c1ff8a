import type { HistoryLine } from './run-view.ts';
import type { Screen } from './screen.ts';
import { padTo, shorten, textWidth } from './text-width.ts';
import { visibleLine } from './visible-text.ts';

/** One history row as one line of plain output; undefined for rows that say nothing to a reader. */
export function historyLine(
  line: HistoryLine,
  job: { readonly name: string; readonly nameColumns: number; readonly sinceMs: number },
  screen: Screen,
): string | undefined {
  const words = wordsOf(line, screen);
  if (words === undefined) return undefined;
  const time = `${((line.atMs - job.sinceMs) / 1000).toFixed(2).padStart(6)} s  `;
  const begin = `${time}${padTo(job.name, job.nameColumns)}  `;
  return (
    begin + shorten(visibleLine(words), screen.columns - textWidth(begin), screen.symbols.ellipsis)
  );
}

function wordsOf(line: HistoryLine, screen: Screen): string | undefined {
  const { arrow, succeeded, failed, retry, begins } = screen.symbols;
  const step = line.path ?? '';
  const why = [line.code, line.message].filter((part) => part !== undefined).join(': ');
  switch (line.type) {
    case 'run_accepted':
      return `${begins} accepted`;
    case 'attempt_dispatched':
      return `${arrow} ${step} ${attemptWords(line)}asks ${String(line.facts?.['model'] ?? 'its model')}`;
    case 'attempt_republished':
      return `${retry} ${step} asks again: no answer yet`;
    case 'reply_accepted':
      return line.code === undefined ? `${succeeded} ${step}` : `${failed} ${step} ${why}`;
    case 'attempt_timed_out':
      return `${failed} ${step} timed out`;
    case 'retry_scheduled':
      return `${retry} ${step} will be tried again`;
    case 'branch_failed':
      return `${failed} ${step} branch failed ${why}`;
    default:
      return undefined;
  }
}

export function attemptWords(line: Pick<HistoryLine, 'attempt'>): string {
  return (line.attempt ?? 1) > 1 ? `(attempt ${line.attempt}) ` : '';
}
