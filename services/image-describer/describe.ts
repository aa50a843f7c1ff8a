import { brightnessOf, nameOf } from './colours.ts';
import type { Grid } from './grid.ts';

/** What the pixels of an image say about it. */
export interface Appearance {
  /** Names of at most three colours that each cover a tenth or more, widest first. */
  readonly dominantColors: string[];
  /** Mean, 0 (black) to 1 (white). */
  readonly brightness: number;
  /** A sentence without full stop. */
  readonly description: string;
}

/** How much brighter a part must be than the rest to be worth a word. */
const CONTRAST = 0.12;

/** What an even grid of its pixels says of a picture. Deterministic. */
export function describeAppearance(grid: Grid): Appearance {
  const rows = grid.rows.length;
  const columns = grid.rows[0]?.length ?? 0;
  const counts = new Map<string, number>();
  const parts = new Map<string, Mean>(PARTS.map((name) => [name, new Mean()]));
  const whole = new Mean();
  for (const [row, colours] of grid.rows.entries()) {
    for (const [column, colour] of colours.entries()) {
      const name = nameOf(colour);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      const brightness = brightnessOf(colour);
      whole.add(brightness);
      for (const part of partsOf((column + 0.5) / columns, (row + 0.5) / rows)) {
        parts.get(part)?.add(brightness);
      }
    }
  }
  const covers = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const dominantColors = covers
    .slice(0, 3)
    .filter(([, count], at) => at === 0 || count >= 0.1 * rows * columns)
    .map(([name]) => name);
  const brightness = Math.round(whole.value * 100) / 100;
  return {
    dominantColors,
    brightness,
    description: sentence(grid, dominantColors, { whole, parts }),
  };
}

const PARTS = ['in the middle', 'at the top', 'at the bottom', 'on the left', 'on the right'];

/** The parts that a place (0 to 1 in both directions) belongs to. */
function partsOf(x: number, y: number): string[] {
  const third = (value: number) => (value < 1 / 3 ? 0 : value < 2 / 3 ? 1 : 2);
  const [across, down] = [third(x), third(y)];
  return [
    ...(across === 1 && down === 1 ? ['in the middle'] : []),
    ...(down === 0 ? ['at the top'] : down === 2 ? ['at the bottom'] : []),
    ...(across === 0 ? ['on the left'] : across === 2 ? ['on the right'] : []),
  ];
}

function sentence(
  { width, height }: Grid,
  colours: readonly string[],
  { whole, parts }: { whole: Mean; parts: ReadonlyMap<string, Mean> },
): string {
  const shape = width === height ? 'square' : width > height ? 'wide' : 'tall';
  const [main = 'black', ...others] = colours;
  const [brightest, mean] = [...parts].sort(([, a], [, b]) => b.value - a.value)[0]!;
  return [
    `a ${shape} ${width}x${height} picture`,
    `mostly ${main}${others.length > 0 ? ` with ${others.join(' and ')}` : ''}`,
    ...(mean.value - whole.value > CONTRAST ? [`brightest ${brightest}`] : []),
  ].join(', ');
}

class Mean {
  #sum = 0;
  #count = 0;

  add(value: number): void {
    this.#sum += value;
    this.#count += 1;
  }

  get value(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }
}
