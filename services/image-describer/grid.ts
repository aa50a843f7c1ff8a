import { type Colour, colourIn } from '../../shared/image/png-pixels.ts';
import type { PngStream } from '../../shared/image/png-stream.ts';

/** Pixels of a picture, evenly spread over it. */
export interface Grid {
  /** Of the picture. */
  readonly width: number;
  readonly height: number;
  /** From top to bottom, each from left to right; all of the same length, none empty. */
  readonly rows: readonly (readonly Colour[])[];
}

/** At most this many pixels per side are looked at. */
const SIDE = 128;

/** Reads a picture to its end and keeps the pixels of the grid: its size takes time, and no memory. Throws what the rows throw. */
export async function gridOf(png: PngStream, signal: AbortSignal): Promise<Grid> {
  const { header } = png;
  const { width, height } = header;
  const columns = placesIn(width);
  const lines = new Set(placesIn(height));
  const rows: Colour[][] = [];
  let y = 0;
  for await (const row of png.rows(signal)) {
    if (lines.has(y)) rows.push(columns.map((x) => colourIn(header, row, x)));
    y += 1;
  }
  return { width, height, rows };
}

function placesIn(length: number): number[] {
  const count = Math.min(SIDE, length);
  return Array.from({ length: count }, (_, index) => Math.floor(((index + 0.5) * length) / count));
}
