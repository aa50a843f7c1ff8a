import type {
  LetterDetails,
  LetterGroup,
  LetterSummary,
  ReplayStatus,
} from '../../../shared/client/verbs.ts';
import { agoText } from './amounts.ts';
import { countText } from './duration.ts';
import type { Screen } from './screen.ts';
import { tableLines } from './table.ts';
import { shorten, wrap } from './text-width.ts';
import { inlineValue, valueLines } from './value-text.ts';
import { visibleLine, visibleText } from './visible-text.ts';

/** Dead letters, two lines each: which, then what happened. */
export function letterListLines(
  letters: readonly LetterSummary[],
  screen: Screen,
  nowMs: number,
): string[] {
  const { palette, symbols, columns } = screen;
  const table = tableLines(
    letters.map(({ id, status, code, at }) => [id, status, agoText(at, nowMs), code]),
    screen,
  );
  return letters.flatMap((letter, index) => {
    const where = letter.path === null ? letter.kind : `${letter.path} (${letter.model})`;
    const what = visibleLine(`${where}: ${letter.message}`);
    return [table[index] ?? '', palette.quiet(`  ${shorten(what, columns - 2, symbols.ellipsis)}`)];
  });
}

/** How many there are of each cause. */
export function letterGroupLines(groups: readonly LetterGroup[], screen: Screen): string[] {
  return tableLines(
    groups.map(({ kind, code, model, count }) => [
      String(count).padStart(5),
      kind,
      code,
      model ?? '',
    ]),
    screen,
  );
}

/** Groups that are being replayed. */
export function replayLines(replays: readonly ReplayStatus[], screen: Screen): string[] {
  const { palette, symbols, columns } = screen;
  return replays
    .filter(({ done }) => !done)
    .map(({ replayed, failed, letters, perMinute, by }) => {
      const left = failed > 0 ? `, ${failed} could not be` : '';
      const line = `${replayed} of ${countText(letters, 'letter')} replayed${left}; ${perMinute} per minute, for ${by}`;
      return palette.busy(shorten(`${symbols.retry} ${line}`, columns, symbols.ellipsis));
    });
}

/** One dead letter: what happened, what was asked, what was done with it, and the message itself. */
export function letterDetailsLines(letter: LetterDetails, screen: Screen): string[] {
  const { palette, columns } = screen;
  const { code, kind, status, message, run, path, attempt, model, at, input, trace, body } = letter;
  const head = (text: string) => palette.quiet(text);
  return [
    palette.strong(`${code}  ${kind}, ${status}`),
    ...wrap(visibleText(message), columns),
    head(`letter ${letter.id}`),
    head(`at ${at}`),
    ...(run === null ? [] : [head(`run ${run}`)]),
    ...(path === null ? [] : [head(`step ${path}, attempt ${attempt}, model ${model}`)]),
    ...trace.flatMap((deed) => wrap(inlineValue(deed), columns)),
    ...(input === null ? [] : ['', head('input'), ...valueLines(input, columns)]),
    '',
    head('message'),
    ...wrap(visibleText(body), columns),
  ];
}
