import type { Result } from '../../../shared/envelope/envelope.ts';
import { LiveArea } from '../terminal/live-area.ts';
import { finishedLines, type LineOptions, runningLine } from '../terminal/run-lines.ts';
import { type HistoryLine, newRunView, observe, type RunView } from '../terminal/run-view.ts';
import type { Output } from '../terminal/terminal.ts';
import { closingLines, openingLines } from './closing-lines.ts';
import { nameColumnsOf } from './name-columns.ts';
import type { Opening, Report, ShownJob, Summary } from './report.ts';

/** Calm for the eye, and quick enough for a spinner. */
const FRAME_MS = 80;

/** For a person at a terminal: a line per running job that lights up step by step; what has ended moves up and stays. */
export class LiveReport implements Report {
  readonly #out: Output;
  readonly #nowMs: () => number;
  readonly #area: LiveArea;
  readonly #views = new Map<ShownJob, RunView>();
  readonly #timer: NodeJS.Timeout;
  #above: string[] = [];
  #nameColumns = 0;
  #frame = 0;
  #loading: { done: number; readonly of: number } | undefined;

  constructor(out: Output, nowMs: () => number) {
    this.#out = out;
    this.#nowMs = nowMs;
    this.#area = new LiveArea(out.stream);
    this.#timer = setInterval(() => this.#draw(), FRAME_MS).unref();
  }

  begin(opening: Opening): void {
    this.#nameColumns = nameColumnsOf(opening.jobs);
    this.#above.push(...openingLines(opening, this.#out.screen));
    this.#loading = { done: 0, of: opening.models };
    this.#draw();
  }

  modelLoaded(): void {
    if (this.#loading === undefined) return;
    this.#loading.done += 1;
    // Loading computes: no timer fires meanwhile.
    this.#draw();
  }

  ready(): void {
    this.#loading = undefined;
  }

  history(job: ShownJob, line: HistoryLine): void {
    const view = this.#views.get(job) ?? newRunView(job.flow, job.title, line.atMs);
    this.#views.set(job, observe(view, line));
  }

  finished(job: ShownJob, result: Result): void {
    const view = this.#views.get(job) ?? newRunView(job.flow, job.title, this.#nowMs());
    this.#views.delete(job);
    this.#above.push(...finishedLines(view, result, this.#lineOptions()));
  }

  end(summary: Summary): void {
    this.#above.push(...closingLines(summary, this.#out.screen));
    this.close();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#area.close(this.#above);
    this.#above = [];
  }

  #draw(): void {
    this.#frame += 1;
    const options = this.#lineOptions();
    const running = [...this.#views.values()].map((view) => runningLine(view, options));
    const loading = this.#loading === undefined ? [] : [this.#loadingLine(this.#loading)];
    this.#area.draw([...loading, ...running], this.#above);
    this.#above = [];
  }

  #loadingLine({ done, of }: { readonly done: number; readonly of: number }): string {
    const { symbols, palette } = this.#out.screen;
    const spinner = symbols.spinner[this.#frame % symbols.spinner.length] ?? '';
    return `${palette.busy(spinner)} waking the models${symbols.ellipsis} ${done} of ${of}`;
  }

  #lineOptions(): LineOptions {
    return {
      screen: this.#out.screen,
      nameColumns: this.#nameColumns,
      nowMs: this.#nowMs(),
      frame: this.#frame,
    };
  }
}
