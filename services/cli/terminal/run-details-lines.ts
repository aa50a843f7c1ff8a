import type { RunBudget, RunDetails, RunRest } from '../../../shared/client/verbs.ts';
import { budgetText } from '../../../shared/envelope/budget.ts';
import type { Origin } from '../../../shared/envelope/provenance.ts';
import { costText, moneyText } from './amounts.ts';
import { durationText } from './duration.ts';
import { restCommand } from './rest-lines.ts';
import { cappedLines } from './result-lines.ts';
import { inked, statusMark, whyLine } from './run-list-lines.ts';
import type { Screen } from './screen.ts';
import { tableLines } from './table.ts';
import { shorten, wrap } from './text-width.ts';
import { timelineLine } from './timeline-line.ts';
import { inlineValue } from './value-text.ts';
import { visibleLine } from './visible-text.ts';

/** All that is known of a run: how it ended, what it waits for, what each step cost, and its timeline. */
export function runDetailsLines(details: RunDetails, screen: Screen): string[] {
  const sinceMs = Date.parse(details.run.acceptedAt);
  return [
    ...headLines(details, screen),
    ...waitingLines(details, screen),
    ...stepLines(details, screen),
    ...contextLines(details, screen),
    '',
    ...details.history.map((fact) => timelineLine(fact, sinceMs, screen)),
  ];
}

function headLines({ run }: RunDetails, screen: Screen): string[] {
  const { palette, symbols, columns } = screen;
  const { acceptedAt, finishedAt, usage, continues, budget } = run;
  const title = `${statusMark(run.status, screen)} ${run.flow} v${run.version}  ${run.status}`;
  const tookMs = finishedAt === null ? undefined : Date.parse(finishedAt) - Date.parse(acceptedAt);
  const facts = [
    `accepted ${acceptedAt}`,
    ...(run.priority === 'normal' ? [] : [run.priority]),
    ...(tookMs === undefined ? [] : [`took ${durationText(tookMs)}`]),
    costText(usage),
  ];
  const why = whyLine(run);
  return [
    inked(run.status, title, screen),
    ...(why === undefined ? [] : wrap(why, columns)),
    palette.quiet(`run ${run.id}`),
    palette.quiet(shorten(`job ${run.job} of ${run.client}`, columns, symbols.ellipsis)),
    palette.quiet(facts.join(` ${symbols.dot} `)),
    ...cappedLines({ asked: run.askedPriority, given: run.priority }, screen),
    ...(budget === null ? [] : [palette.quiet(budgetLine(budget))]),
    ...(continues === null ? [] : [`goes on from ${continues.run} (${continues.kind})`]),
    ...run.continuedBy.map((next) => `goes on as ${next.run} (${next.kind})`),
  ];
}

function budgetLine({ onExceeded, ...amounts }: RunBudget): string {
  const then = typeof onExceeded === 'string' ? onExceeded : `ask ${onExceeded.model}`;
  return `budget ${budgetText(amounts)}, then ${then}`;
}

function waitingLines({ run, open, held, waits, rests }: RunDetails, screen: Screen): string[] {
  const { palette, symbols, columns } = screen;
  const cut = (line: string) => shorten(visibleLine(line), columns, symbols.ellipsis);
  const command = (rest: RunRest) => cut(restCommand(run.id, rest, ''));
  const asked = waits.flatMap(({ path, ask }) => [
    palette.busy(cut(`waits for an answer at ${path}: ${inlineValue(ask)}`)),
    command({ path, why: 'signal', model: null }),
  ]);
  const others = rests.filter(({ why }) => why !== 'signal');
  return [
    ...open.map(({ path, model, version }) => cut(`waits for ${model}@${version} at ${path}`)),
    ...held.map(({ path, why, model }) =>
      palette.warn(cut(`held back at ${path}: ${why}${model === null ? '' : ` of ${model}`}`)),
    ),
    ...asked,
    ...others.map(command),
  ];
}

/** What of the context is untrusted, and not a step's own output: that is in the table of steps. */
function contextLines({ context }: RunDetails, screen: Screen): string[] {
  const told = Object.entries(context)
    .filter(([key, { untrusted, origins }]) => untrusted && !origins.every(isOutputOf(key)))
    .map(([key, { origins }]) => `${key} from ${origins.map(originText).join(', ')}`);
  if (told.length === 0) return [];
  const line = visibleLine(`context, untrusted: ${told.join('; ')}`);
  return ['', ...wrap(line, screen.columns).map((text) => screen.palette.quiet(text))];
}

function isOutputOf(key: string): (origin: Origin) => boolean {
  return ({ from, step }) => from === 'model' && step === key;
}

function originText({ from, step = '', servedBy = [] }: Origin): string {
  if (from === 'model') return `${step} (${servedBy.join(', ')})`;
  if (from === 'signal') return `the answer at ${step}`;
  return from === 'operation' ? `an operation at ${step}` : `the ${from}`;
}

function stepLines({ run }: RunDetails, screen: Screen): string[] {
  const steps = Object.entries(run.steps);
  if (steps.length === 0) return [];
  const rows = steps.map(([path, { servedBy, usage, degraded = [] }]) => [
    path,
    servedBy.join(', ') || '-',
    String(usage.calls),
    String(usage.inputTokens + usage.outputTokens),
    durationText(usage.computeMs),
    [
      usage.microUsd > 0 ? moneyText(usage.microUsd) : '-',
      ...degraded.map(({ why, code }) => `${why} (${code})`),
    ].join('  '),
  ]);
  const [head = '', ...lines] = tableLines(
    [['step', 'served by', 'calls', 'tokens', 'time', 'cost'], ...rows],
    screen,
  );
  return ['', screen.palette.quiet(head), ...lines];
}
