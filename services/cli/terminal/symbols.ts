/** Marks and drawing characters; the second set is for terminals that know ASCII alone. */
export interface Symbols {
  readonly succeeded: string;
  readonly failed: string;
  readonly waiting: string;
  readonly retry: string;
  readonly begins: string;
  readonly arrow: string;
  readonly dot: string;
  readonly ellipsis: string;
  readonly rule: string;
  readonly openQuote: string;
  readonly closeQuote: string;
  readonly treeItem: string;
  readonly treeLast: string;
  readonly treeLine: string;
  readonly spinner: readonly string[];
}

export const unicodeSymbols: Symbols = {
  succeeded: '✔',
  failed: '✖',
  waiting: '·',
  retry: '↻',
  begins: '▸',
  arrow: '→',
  dot: '·',
  ellipsis: '…',
  rule: '─',
  openQuote: '“',
  closeQuote: '”',
  treeItem: '├─ ',
  treeLast: '└─ ',
  treeLine: '│  ',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
};

export const asciiSymbols: Symbols = {
  succeeded: '+',
  failed: 'x',
  waiting: '.',
  retry: '~',
  begins: '>',
  arrow: '->',
  dot: '-',
  ellipsis: '...',
  rule: '-',
  openQuote: '"',
  closeQuote: '"',
  treeItem: '|- ',
  treeLast: '`- ',
  treeLine: '|  ',
  spinner: ['|', '/', '-', '\\'],
};
