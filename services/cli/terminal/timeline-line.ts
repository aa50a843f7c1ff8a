import type { HistoryFact } from '../../../shared/client/verbs.ts';
import { moneyText } from './amounts.ts';
import { durationText } from './duration.ts';
import { attemptWords } from './history-line.ts';
import type { Screen } from './screen.ts';
import { shorten } from './text-width.ts';
import { inlineValue } from './value-text.ts';
import { visibleLine } from './visible-text.ts';

/** One line of a run's timeline: when, what, who. Everything is told; nothing is left out as in the demonstration. */
export function timelineLine(fact: HistoryFact, sinceMs: number, screen: Screen): string {
  const seconds = (Date.parse(fact.at) - sinceMs) / 1000;
  const begin = `${seconds.toFixed(2).padStart(8)} s  `;
  const words = visibleLine(wordsOf(fact, screen));
  return begin + shorten(words, screen.columns - begin.length, screen.symbols.ellipsis);
}

function wordsOf(fact: HistoryFact, { symbols }: Screen): string {
  const { arrow, succeeded, failed, retry, begins, waiting } = symbols;
  const step = fact.path ?? '';
  const tried = `${step} ${attemptWords(fact)}`;
  const why = [fact.code, fact.message].filter((part) => part !== undefined).join(': ');
  switch (fact.type) {
    case 'run_accepted':
      return `${begins} accepted`;
    case 'run_started':
      return `${begins} started`;
    case 'run_finished': {
      const status = text(fact, 'status');
      return `${status === 'succeeded' ? succeeded : failed} ${status} ${why}`;
    }
    case 'run_resumed':
      return `${begins} an operator let it go on`;
    case 'attempt_dispatched':
      return `${arrow} ${tried}asks ${modelOf(fact)}`;
    case 'attempt_republished':
      return `${retry} ${tried}asks ${modelOf(fact)} again: no answer yet`;
    case 'reply_accepted':
      return fact.code === undefined
        ? `${succeeded} ${tried}${servedWords(fact)}`
        : `${failed} ${tried}${why} (${servedWords(fact)})`;
    case 'reply_late':
      return `${waiting} ${tried}answered too late`;
    case 'reply_duplicate':
      return `${waiting} ${tried}answered again`;
    case 'reply_unknown':
      return `${waiting} ${tried}answered unasked`;
    case 'attempt_timed_out':
      return `${failed} ${tried}timed out`;
    case 'attempt_abandoned':
      return `${failed} ${tried}is not waited for any more`;
    case 'attempt_refused':
      return `${failed} ${tried}not asked: ${why}`;
    case 'attempt_held':
      return `${waiting} ${step} held back: ${text(fact, 'why')}`;
    case 'retry_scheduled':
      return `${retry} ${step} will be tried again ${why}`;
    case 'branch_failed':
      return `${failed} ${step} branch failed ${why}`;
    case 'signal_received':
      return `${succeeded} ${step} answered by ${text(fact, 'by')}`;
    case 'signal_refused':
      return `${failed} ${step} answer refused: ${why}`;
    case 'wait_began':
      return `${waiting} ${step} waits for an answer ${inlineValue(fact.facts?.['ask'] ?? '')}`;
    case 'step_reused':
      return `${succeeded} ${step} reused from run ${text(fact, 'run')}`;
    default: {
      const facts = fact.facts === undefined ? '' : inlineValue(fact.facts);
      return `${waiting} ${step} ${fact.type.replaceAll('_', ' ')} ${why} ${facts}`;
    }
  }
}

function modelOf(fact: HistoryFact): string {
  const version = text(fact, 'version');
  return `${text(fact, 'model') || 'its model'}${version === '' ? '' : `@${version}`}`;
}

/** Who answered, how long it took and what it cost. */
function servedWords(fact: HistoryFact): string {
  const { startedAt, finishedAt, usage } = fact.facts ?? {};
  const tookMs = Date.parse(String(finishedAt)) - Date.parse(String(startedAt));
  const microUsd =
    typeof usage === 'object' && usage !== null && 'microUsd' in usage
      ? Number(usage['microUsd'])
      : 0;
  return [
    modelOf(fact),
    `on ${text(fact, 'worker')}`,
    ...(Number.isFinite(tookMs) ? [`in ${durationText(tookMs)}`] : []),
    ...(microUsd > 0 ? [moneyText(microUsd)] : []),
  ].join(' ');
}

function text(fact: HistoryFact, name: string): string {
  const value = fact.facts?.[name];
  return value === undefined || value === null ? '' : String(value);
}
