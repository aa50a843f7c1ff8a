/**
 * Patterns of RabbitMQ permissions, as its regular expressions (PCRE). They match anywhere unless anchored, and `$` also
 * matches before a line break at the end: so every pattern here begins with `^` and ends with `\z`.
 */

const name = '[a-z][a-z0-9-]{0,63}';

/** What may stand for a placeholder of a routing key in the table. */
const placeholders: Readonly<Record<string, string>> = {
  '<flow>': name,
  '<model>': name,
  '<client>': name,
  '<major>': '[1-9][0-9]*',
  '<status>': '[a-z_]+',
  '<verb>': '[a-z]+\\.[a-z]+',
};

/** The placeholders that stand for the user alone: a worker is its model, a client its name. */
export type OwnNames = Readonly<Record<string, string>>;

/** One pattern for all alternatives, each a pattern without anchors; with none it matches no name. */
export function anchored(alternatives: Iterable<string>): string {
  const all = [...new Set(alternatives)];
  return all.length === 0 ? '' : `^(${all.join('|')})\\z`;
}

/** The text and nothing else. */
export function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Any name that begins with this text and goes on. */
export function beginningWith(text: string): string {
  return `${literal(text)}.+`;
}

/** Routing keys that the user may publish with. */
export function published(key: string, own: OwnNames): string {
  return pieces(key)
    .map((piece) => filled(piece, own))
    .join('');
}

/** Binding keys that the user may bind with: a `*` for any word but its own. */
export function bound(key: string, own: OwnNames): string {
  return pieces(key)
    .map((piece) => {
      const pattern = filled(piece, own);
      return piece in placeholders && !(piece in own) ? `(\\*|${pattern})` : pattern;
    })
    .join('');
}

/** `<flow>.progress` is `<flow>` and `.progress`. */
function pieces(key: string): string[] {
  return key.split(/(<[a-z]+>)/).filter((piece) => piece !== '');
}

function filled(piece: string, own: OwnNames): string {
  const value = own[piece];
  return value === undefined ? (placeholders[piece] ?? literal(piece)) : literal(value);
}
