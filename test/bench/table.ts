import type { Figures } from './measure.ts';

/** Text tables of at most 80 columns; the first column is left-aligned, what is not known is a dash. */

export interface Column<Row> {
  readonly title: string;
  readonly width: number;
  readonly cell: (row: Row) => string;
}

export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => {
        const width = columns[index]?.width ?? 0;
        return index === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('')
      .trimEnd();
  const body = rows.map((row) => line(columns.map(({ cell }) => cell(row))));
  return [line(columns.map(({ title }) => title)), ...body].join('\n');
}

/** A number with so many decimals, or a dash. */
export function decimal(value: number | null, decimals: number): string {
  return value === null ? '-' : value.toFixed(decimals);
}

const name: Column<Figures> = { title: '', width: 27, cell: (row) => row.name };

const speed: readonly Column<Figures>[] = [
  name,
  { title: 'runs/s', width: 9, cell: (row) => decimal(row.perSecond, row.perSecond < 100 ? 2 : 0) },
  { title: 'ratio', width: 8, cell: (row) => decimal(row.ratio, 2) },
  { title: 'p50 ms', width: 10, cell: (row) => decimal(row.p50Ms, 1) },
  { title: 'p99 ms', width: 10, cell: (row) => decimal(row.p99Ms, 1) },
  { title: 'alone ms', width: 10, cell: (row) => decimal(row.aloneP50Ms, 2) },
];

const cost: readonly Column<Figures>[] = [
  name,
  { title: 'batch', width: 6, cell: (row) => decimal(row.meanBatch, 1) },
  { title: 'coord. MB', width: 10, cell: (row) => decimal(row.coordinatorPeakMb, 0) },
  { title: 'all MB', width: 7, cell: (row) => decimal(row.totalPeakMb, 0) },
  { title: 'coord. s', width: 9, cell: (row) => decimal(row.cpuSeconds.coordinator, 2) },
  { title: 'worker s', width: 10, cell: (row) => decimal(row.cpuSeconds.worker, 2) },
  { title: 'client s', width: 10, cell: (row) => decimal(row.cpuSeconds.client, 2) },
];

/** Both tables of a scenario, first what competes over a broker, then what runs in one process. */
export function scenarioTables(figures: readonly Figures[]): string {
  const groups = Map.groupBy(figures, ({ group }) => group);
  const rows = [...groups.values()].flat();
  return [
    table(speed, rows),
    'batch: jobs and replies in a transaction; MB: peak; s: CPU of 1,000 runs',
    table(cost, rows),
  ].join('\n\n');
}
