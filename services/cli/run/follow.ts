import { LiveArea } from '../terminal/live-area.ts';
import { runningLine } from '../terminal/run-lines.ts';
import { type HistoryLine, newRunView, observe } from '../terminal/run-view.ts';
import type { Output } from '../terminal/terminal.ts';
import { textWidth } from '../terminal/text-width.ts';

const FRAME_MS = 80;

/** One line that shows how a run goes; removed when it has ended. Where nothing can be drawn it shows nothing. */
export class RunLine {
  readonly #output: Output;
  readonly #area: LiveArea;
  readonly #timer: NodeJS.Timeout | undefined;
  #view: ReturnType<typeof newRunView>;
  #frame = 0;

  constructor(flow: string, output: Output) {
    this.#output = output;
    this.#area = new LiveArea(output.stream);
    this.#view = newRunView(flow, '', Date.now());
    if (!output.screen.live) return;
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), FRAME_MS).unref();
  }

  heard(line: HistoryLine): void {
    this.#view = observe(this.#view, line);
  }

  close(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#area.close();
  }

  #draw(): void {
    this.#frame += 1;
    const { screen } = this.#output;
    const nameColumns = textWidth(this.#view.flow);
    const options = { screen, nameColumns, nowMs: Date.now(), frame: this.#frame };
    this.#area.draw([runningLine(this.#view, options)]);
  }
}
