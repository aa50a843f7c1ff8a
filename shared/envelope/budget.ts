import { z } from 'zod';

/** What a run may use in all; parts that are left out are not limited. */
export interface BudgetAmounts {
  readonly calls?: number;
  /** Input and output together. */
  readonly tokens?: number;
  /** Millionths of a US dollar. */
  readonly microUsd?: number;
  /** Time of model calls, added up. */
  readonly computeMs?: number;
}

type Part = keyof BudgetAmounts;

interface Word {
  readonly part: Part;
  /** How many of the part's units one of this word is. */
  readonly units: number;
  /** Digits behind the point that still mean something. */
  readonly digits: number;
  /** In the word's own unit. */
  readonly most: number;
}

/** How people write the parts, in a flow's `budget` too. */
const words: Readonly<Record<string, Word>> = {
  seconds: { part: 'computeMs', units: 1_000, digits: 3, most: 2_592_000 },
  calls: { part: 'calls', units: 1, digits: 0, most: 1_000_000 },
  tokens: { part: 'tokens', units: 1, digits: 0, most: 1_000_000_000 },
  usd: { part: 'microUsd', units: 1_000_000, digits: 6, most: 1_000_000 },
};

const amount = (word: string) => {
  const { units = 1, most = 1 } = words[word] ?? {};
  return z
    .number()
    .int()
    .min(1)
    .max(units * most)
    .exactOptional();
};

/** The same as data, in operations. */
export const budgetAmountsSchema = z.strictObject({
  calls: amount('calls'),
  tokens: amount('tokens'),
  microUsd: amount('usd'),
  computeMs: amount('seconds'),
});

/** `seconds=1.5,calls=10,tokens=5000,usd=0.05`: how a job's header and the command line write a budget. */
export function budgetText(amounts: BudgetAmounts): string {
  return Object.entries(words)
    .flatMap(([word, { part, units, digits }]) => {
      const value = amounts[part];
      return value === undefined ? [] : [`${word}=${plain(value / units, digits)}`];
    })
    .join(',');
}

/** Reads what `budgetText` writes, with the amounts in any order. Each problem is a sentence; without any the amounts hold. */
export function readBudget(text: string): {
  readonly amounts: BudgetAmounts;
  readonly problems: readonly string[];
} {
  const amounts: { -readonly [part in Part]?: number } = {};
  const problems: string[] = [];
  for (const entry of text.split(',').map((each) => each.trim())) {
    const [, name = '', written = ''] = /^([^=\s]+)\s*=\s*(.*)$/.exec(entry) ?? [];
    const word = Object.hasOwn(words, name) ? words[name] : undefined;
    if (word === undefined) {
      problems.push(
        `A budget is made of seconds=, calls=, tokens= and usd=, such as calls=10,usd=0.05; "${entry}" is none of these.`,
      );
      continue;
    }
    const value = unitsOf(written, word);
    if (amounts[word.part] !== undefined) problems.push(`The budget names ${name} twice.`);
    else if (value === undefined) problems.push(amountProblem(name, written, word));
    else amounts[word.part] = value;
  }
  return { amounts, problems };
}

function unitsOf(written: string, { units, digits, most }: Word): number | undefined {
  const behind = digits === 0 ? '' : `(?:\\.\\d{1,${digits}})?`;
  if (!new RegExp(`^\\d{1,10}${behind}$`).test(written)) return undefined;
  const value = Math.round(Number(written) * units);
  return value >= 1 && value <= most * units ? value : undefined;
}

function amountProblem(name: string, written: string, { digits, most }: Word): string {
  const kind = digits === 0 ? 'a whole number' : 'an amount';
  return `${name} of a budget is ${kind} from ${plain(10 ** -digits, digits)} to ${most}, not "${written}".`;
}

function plain(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return digits === 0 ? text : text.replace(/\.?0+$/, '');
}
