import type { RunStatus, RunSummary } from '../../../shared/client/verbs.ts';
import { agoText } from './amounts.ts';
import type { Screen } from './screen.ts';
import { tableLines } from './table.ts';
import { shorten } from './text-width.ts';
import { visibleLine } from './visible-text.ts';

/** Runs, one on a line; beneath one that did not succeed, why. */
export function runListLines(runs: readonly RunSummary[], screen: Screen, nowMs: number): string[] {
  const table = tableLines(
    runs.map((run) => [
      `${statusMark(run.status, screen)} ${run.id}`,
      run.flow,
      run.status,
      agoText(run.acceptedAt, nowMs),
    ]),
    screen,
  );
  return runs.flatMap((run, index) => {
    const line = inked(run.status, table[index] ?? '', screen);
    const why = whyLine(run);
    if (why === undefined) return [line];
    const { palette, symbols, columns } = screen;
    return [line, palette.quiet(`  ${shorten(why, columns - 2, symbols.ellipsis)}`)];
  });
}

/** Code, place and sentence of a run that did not succeed. */
export function whyLine({ error }: RunSummary): string | undefined {
  if (error === null) return undefined;
  const where = error.step === undefined ? '' : ` at ${error.step}`;
  return visibleLine(`${error.code}${where}: ${error.message}`);
}

export function statusMark(status: RunStatus, { symbols }: Screen): string {
  if (status === 'succeeded') return symbols.succeeded;
  if (status === 'pending') return symbols.waiting;
  return status === 'running' ? symbols.begins : symbols.failed;
}

/** A line in the ink of a status. */
export function inked(status: RunStatus, line: string, { palette }: Screen): string {
  if (status === 'succeeded') return palette.good(line);
  return status === 'running' || status === 'pending' ? palette.busy(line) : palette.bad(line);
}
