import type { Screen } from './screen.ts';
import { padTo, shorten, textWidth } from './text-width.ts';

const GAP = '  ';

/** Rows in columns that line up; the last column is cut where a line would be too long. Plain text only. */
export function tableLines(rows: readonly (readonly string[])[], screen: Screen): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, textWidth(cell));
    }
  }
  return rows.map((row) => {
    const padded = row.map((cell, index) =>
      index === row.length - 1 ? cell : padTo(cell, widths[index] ?? 0),
    );
    return shorten(padded.join(GAP), screen.columns, screen.symbols.ellipsis).trimEnd();
  });
}
