import type { Colour } from '../../shared/image/png-pixels.ts';

/** Brightness of a colour as the eye sees it, 0 (black) to 1 (white). */
export function brightnessOf([red, green, blue]: Colour): number {
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}

const HUES: readonly (readonly [upTo: number, name: string])[] = [
  [15, 'red'],
  [42, 'orange'],
  [68, 'yellow'],
  [160, 'green'],
  [195, 'cyan'],
  [255, 'blue'],
  [290, 'purple'],
  [340, 'pink'],
  [360, 'red'],
];

/** An everyday name of a colour: "dark blue", "light grey", "orange". */
export function nameOf([red, green, blue]: Colour): string {
  const high = Math.max(red, green, blue);
  const low = Math.min(red, green, blue);
  const lightness = (high + low) / 510;
  if (lightness < 0.08) return 'black';
  if (lightness > 0.95) return 'white';
  const shade = lightness < 0.33 ? 'dark ' : lightness > 0.72 ? 'light ' : '';
  const saturation = (high - low) / (255 * (1 - Math.abs(2 * lightness - 1)));
  if (saturation < 0.15) return `${shade}grey`;
  const hue = hueOf([red, green, blue], high, high - low);
  const name = HUES.find(([upTo]) => hue < upTo)?.[1] ?? 'red';
  return name === 'orange' && lightness < 0.33 ? 'brown' : `${shade}${name}`;
}

function hueOf([red, green, blue]: Colour, high: number, range: number): number {
  const sector =
    high === red
      ? (green - blue) / range
      : high === green
        ? (blue - red) / range + 2
        : (red - green) / range + 4;
  return (sector * 60 + 360) % 360;
}
