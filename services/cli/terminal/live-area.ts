import { textWidth } from './text-width.ts';

/** The part of an output stream that a live area needs. */
export interface TerminalStream {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
}

const esc = String.fromCharCode(27);
const hideCursor = `${esc}[?25l`;
const showCursor = `${esc}[?25h`;
const eraseBelow = `${esc}[0J`;

/** A few lines at the bottom of the terminal that are drawn again and again; what is printed goes above them and stays. */
export class LiveArea {
  readonly #stream: TerminalStream;
  #drawn: readonly string[] = [];
  #begun = false;

  constructor(stream: TerminalStream) {
    this.#stream = stream;
  }

  /** Prints `above` for good, then draws `live`, which the next call replaces. */
  draw(live: readonly string[], above: readonly string[] = []): void {
    const shown = withinRows(live, (this.#stream.rows ?? 24) - 1);
    const begin = this.#begun ? '' : hideCursor;
    const printed = [...above, ...shown].map((line) => `${line}\n`).join('');
    this.#stream.write(begin + this.#erase() + printed);
    this.#begun = true;
    this.#drawn = shown;
  }

  /** Removes the live lines, prints `above` and gives the cursor back. Idempotent. */
  close(above: readonly string[] = []): void {
    const printed = above.map((line) => `${line}\n`).join('');
    const end = this.#begun ? showCursor : '';
    this.#stream.write(this.#erase() + printed + end);
    this.#drawn = [];
    this.#begun = false;
  }

  /** A terminal that became narrower since has wrapped the lines: what they take now is erased, not what they took then. */
  #erase(): string {
    const columns = Math.max(1, this.#stream.columns ?? 80);
    const rows = this.#drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(textWidth(line) / columns)),
      0,
    );
    return rows === 0 ? '' : `\r${esc}[${rows}A${eraseBelow}`;
  }
}

function withinRows(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines;
  const shown = lines.slice(0, Math.max(0, rows - 1));
  return [...shown, `  and ${lines.length - shown.length} more`];
}
