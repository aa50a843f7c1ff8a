import type { ModelStatus } from '../../../shared/client/verbs.ts';
import { countText } from './duration.ts';
import type { Screen } from './screen.ts';
import { tableLines } from './table.ts';
import { shorten } from './text-width.ts';
import { visibleLine } from './visible-text.ts';

/** How it stands with the models of a fleet, a line each; beneath one that is stopped, by whom and why. */
export function modelStatusLines(models: readonly ModelStatus[], screen: Screen): string[] {
  const { palette, symbols, columns } = screen;
  const head = ['model', 'workers', 'in flight', 'waiting', 'breaker', 'limits'];
  const rows = models.map((model) => [
    `${model.model} ${model.versions.map((version) => `v${version}`).join(' ')}`,
    String(model.workers),
    String(model.inFlight),
    `${model.waiting}${model.crowded ? '+' : ''}`,
    model.paused === null ? breakerWord(model) : 'paused',
    limitWords(model),
  ]);
  const [first = '', ...lines] = tableLines([head, ...rows], screen);
  return [
    palette.quiet(first),
    ...models.flatMap(({ paused }, index) => {
      const line = lines[index] ?? '';
      if (paused === null) return [line];
      const note = visibleLine(pauseText(paused));
      return [
        palette.warn(line),
        palette.quiet(`  ${shorten(note, columns - 2, symbols.ellipsis)}`),
      ];
    }),
  ];
}

/** By whom a model was stopped, when and why. */
export function pauseText({ by, at, reason }: NonNullable<ModelStatus['paused']>): string {
  return `paused by ${by} at ${at}${reason === null ? '' : `: ${reason}`}`;
}

/** The worst of a model's breakers, as people say it. */
function breakerWord({ breakers }: ModelStatus): string {
  const states = breakers.map(({ state }) => state);
  if (states.includes('open')) return 'open';
  if (states.includes('half_open')) return 'half open';
  return states.length === 0 ? '-' : 'closed';
}

function limitWords({ limits }: ModelStatus): string {
  const { window, inFlight, requestsPerMinute, tokensPerMinute } = limits;
  return [
    countText(window, 'request'),
    ...(inFlight === undefined ? [] : [`${inFlight} at a time`]),
    ...(requestsPerMinute === undefined ? [] : [`${requestsPerMinute}/min`]),
    ...(tokensPerMinute === undefined ? [] : [`${tokensPerMinute} tokens/min`]),
  ].join(', ');
}
