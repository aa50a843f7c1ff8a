import type { StepState, StepView } from './run-view.ts';
import type { Screen } from './screen.ts';
import { textWidth } from './text-width.ts';

/** All calls of one model are one chip: `image-describer 3/8`. */
interface Chip {
  readonly label: string;
  readonly state: StepState;
  readonly done: number;
  readonly total: number;
}

const GAP = '  ';

/** The steps of a run on one line of at most `columns`; where there are too many, the latest are shown. */
export function stepChips(
  steps: readonly StepView[],
  columns: number,
  screen: Screen,
  frame = 0,
): string {
  const { palette, symbols } = screen;
  const texts = chipsOf(steps).map((chip) => chipText(chip, screen, frame));
  let shown = texts.join(GAP);
  while (texts.length > 0 && textWidth(shown) > columns) {
    texts.shift();
    shown = [palette.quiet(symbols.ellipsis), ...texts].join(GAP);
  }
  return shown;
}

/** The same on as many lines as they need. */
export function stepChipLines(
  steps: readonly StepView[],
  columns: number,
  screen: Screen,
): string[] {
  const lines: string[] = [];
  for (const chip of chipsOf(steps)) {
    const text = chipText(chip, screen, 0);
    const longer = `${lines.at(-1) ?? ''}${GAP}${text}`;
    if (lines.length > 0 && textWidth(longer) <= columns) lines[lines.length - 1] = longer;
    else lines.push(text);
  }
  return lines;
}

function chipsOf(steps: readonly StepView[]): Chip[] {
  const groups = new Map<string, StepView[]>();
  for (const step of steps) {
    const label = step.model || step.path;
    groups.set(label, [...(groups.get(label) ?? []), step]);
  }
  return [...groups].map(([label, members]) => ({
    label,
    state: mostTelling(members.map((step) => step.state)),
    done: members.filter((step) => step.endedAtMs !== undefined).length,
    total: members.length,
  }));
}

/** What matters most about a group: that something of it is still going on, else that something failed. */
const order: readonly StepState[] = ['open', 'retrying', 'failed', 'succeeded', 'dropped'];

function mostTelling(states: readonly StepState[]): StepState {
  return order.find((state) => states.includes(state)) ?? 'dropped';
}

function chipText(chip: Chip, screen: Screen, frame: number): string {
  const { palette, symbols } = screen;
  const spinner = symbols.spinner[frame % symbols.spinner.length] ?? '';
  const count = chip.total > 1 ? ` ${chip.done}/${chip.total}` : '';
  const text = `${chip.label}${count}`;
  switch (chip.state) {
    case 'open':
      return palette.busy(`${spinner} ${text}`);
    case 'retrying':
      return palette.warn(`${symbols.retry} ${text}`);
    case 'succeeded':
      return `${palette.good(symbols.succeeded)} ${text}`;
    case 'failed':
      return palette.bad(`${symbols.failed} ${text}`);
    case 'dropped':
      return palette.quiet(`${symbols.waiting} ${text}`);
  }
}
