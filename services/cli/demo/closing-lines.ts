import { countText, durationText } from '../terminal/duration.ts';
import type { Screen } from '../terminal/screen.ts';
import type { Opening, Summary } from './report.ts';

/** What every demonstration for people begins and ends with. */

export function openingLines(opening: Opening, screen: Screen): string[] {
  const { palette, symbols } = screen;
  const flows = new Set(opening.jobs.map((job) => job.flow)).size;
  const facts = [
    countText(opening.models, 'model'),
    countText(flows, 'flow'),
    countText(opening.jobs.length, 'job'),
  ].join(', ');
  return ['', `${palette.strong('Flotilla')} ${symbols.dot} ${facts}, in one process`, ''];
}

export function closingLines(summary: Summary, screen: Screen): string[] {
  const { palette, symbols, columns } = screen;
  const { runs, succeeded, failed, modelCalls, ms } = summary;
  const counts = [
    palette.good(`${symbols.succeeded} ${succeeded} succeeded`),
    ...(failed > 0 ? [palette.bad(`${symbols.failed} ${failed} failed`)] : []),
    countText(modelCalls, 'model call'),
    durationText(ms),
  ];
  return [
    palette.quiet(symbols.rule.repeat(columns - 1)),
    `${palette.strong(countText(runs, 'run'))}  ${counts.join(`  ${palette.quiet(symbols.dot)}  `)}`,
    '',
    palette.quiet('Ask your own question, or look at the flows:'),
    '  npx flotilla run support "How do I reset my password?"',
    '  npx flotilla flows',
    '',
  ];
}
