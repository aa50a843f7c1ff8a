import { colourPalette, type Palette, plainPalette } from './palette.ts';
import { asciiSymbols, type Symbols, unicodeSymbols } from './symbols.ts';

/** How to write on one output stream. */
export interface Screen {
  readonly palette: Palette;
  readonly symbols: Symbols;
  readonly columns: number;
  readonly rows: number;
  /** True where lines may be drawn over: a terminal that a person looks at. */
  readonly live: boolean;
}

export interface StreamFacts {
  readonly isTerminal: boolean;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Piped output is read by programs and in log files: no wider than a page, no colour, nothing drawn over. */
const PIPED_COLUMNS = 80;
const NARROWEST = 40;
const WIDEST = 120;

/** What a stream can show. NO_COLOR and FORCE_COLOR are heeded (no-color.org, force-color.org); a dumb terminal is like a pipe. */
export function screenOf(stream: StreamFacts, env: Environment): Screen {
  const capable = stream.isTerminal && env['TERM'] !== 'dumb';
  const width = capable ? (stream.columns ?? PIPED_COLUMNS) : PIPED_COLUMNS;
  return {
    palette: wantsColour(capable, env) ? colourPalette : plainPalette,
    symbols: knowsUnicode(env) ? unicodeSymbols : asciiSymbols,
    columns: Math.min(WIDEST, Math.max(NARROWEST, width)),
    rows: stream.rows ?? 24,
    live: capable && !env['CI'],
  };
}

function wantsColour(capable: boolean, env: Environment): boolean {
  if (env['NO_COLOR']) return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return capable;
}

/** Where no locale is set (containers), terminals are UTF-8 nearly always; where one is set, it is believed. */
function knowsUnicode(env: Environment): boolean {
  if (env['TERM'] === 'linux') return false;
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'];
  return !locale || /utf-?8/i.test(locale);
}
