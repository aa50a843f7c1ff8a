import type { ModelStatus } from '../../../shared/client/verbs.ts';
import type { Manifest } from '../../../shared/envelope/manifest.ts';
import { pauseText } from './model-status-lines.ts';
import { schemaText } from './schema-text.ts';
import type { Screen } from './screen.ts';
import { padTo, shorten, textWidth } from './text-width.ts';
import { visibleLine } from './visible-text.ts';

/** What keeps a model from being called now. */
export interface ModelStanding {
  readonly paused: ModelStatus['paused'];
  /** Those that are not closed. */
  readonly breakers: readonly Pick<ModelStatus['breakers'][number], 'state' | 'until'>[];
}

/** Models that are shipped, what each takes and gives; beneath one that may not be called, why. */
export function shippedModelLines(
  models: readonly (Manifest & ModelStanding)[],
  screen: Screen,
): string[] {
  const { palette, symbols, columns } = screen;
  const nameColumns = Math.max(0, ...models.map((each) => textWidth(each.name)));
  const cut = (text: string, room: number) => shorten(text, room, symbols.ellipsis);
  return models.flatMap((each) => {
    const name = padTo(each.name, nameColumns);
    const contract = `${schemaText(each.inputSchema)} ${symbols.arrow} ${schemaText(each.outputSchema)}`;
    return [
      `${palette.strong(name)}  v${each.version}  ${cut(contract, columns - nameColumns - 7)}`,
      palette.quiet(`  ${cut(each.description, columns - 3)}`),
      ...standingTexts(each).map((text) =>
        palette.warn(`  ${cut(visibleLine(text), columns - 3)}`),
      ),
    ];
  });
}

function standingTexts({ paused, breakers }: ModelStanding): string[] {
  return [
    ...(paused === null ? [] : [pauseText(paused)]),
    ...breakers.map(({ state, until }) =>
      until === null
        ? `breaker ${state.replace('_', ' ')}`
        : `breaker ${state}, tried again from ${until}`,
    ),
  ];
}
