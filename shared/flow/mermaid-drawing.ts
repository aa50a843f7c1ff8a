const shapes = {
  box: ['["', '"]'],
  round: ['(["', '"])'],
  diamond: ['{"', '"}'],
  hexagon: ['{{"', '"}}'],
  slanted: ['[/"', '"/]'],
  hand: ['[\\"', '"/]'],
  double: ['[["', '"]]'],
  small: ['("', '")'],
  stop: ['((("', '")))'],
} as const;

/** Longest line of a label: the rest is cut, so that pictures stay readable. */
const MAX_LABEL = 60;

/** Collects the lines of a Mermaid flowchart. */
export class MermaidDrawing {
  readonly #lines: string[];
  #count = 0;
  #indent = '  ';

  constructor(title: string) {
    this.#lines = ['---', `title: ${JSON.stringify(title)}`, '---', 'flowchart TD'];
  }

  /** Draws a node; each text is a line of its label. Gives its id. */
  node(shape: keyof typeof shapes, ...texts: readonly string[]): string {
    const id = `n${++this.#count}`;
    const [open, close] = shapes[shape];
    this.#lines.push(`${this.#indent}${id}${open}${texts.map(label).join('<br/>')}${close}`);
    return id;
  }

  /** Draws an arrow from each end to a node. */
  connect(ends: readonly { readonly from: string; readonly label?: string }[], to: string): void {
    for (const { from, label: text } of ends) {
      const written = text === undefined || text === '' ? '' : `|"${label(text)}"|`;
      this.#lines.push(`${this.#indent}${from} -->${written} ${to}`);
    }
  }

  /** Draws what `draw` draws inside a box with a title. */
  group<T>(title: string, draw: () => T): T {
    this.#lines.push(`${this.#indent}subgraph g${++this.#count}["${label(title)}"]`);
    this.#indent += '  ';
    const result = draw();
    this.#indent = this.#indent.slice(2);
    this.#lines.push(`${this.#indent}end`);
    return result;
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}

/** Text that Mermaid shows as it is. */
function label(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const short = line.length > MAX_LABEL ? `${line.slice(0, MAX_LABEL - 1)}…` : line;
  return short
    .replaceAll('&', '#amp;')
    .replaceAll('"', '#quot;')
    .replaceAll('<', '#lt;')
    .replaceAll('>', '#gt;')
    .replaceAll('`', '#96;');
}
