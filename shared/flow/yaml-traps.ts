import { didYouMean } from './did-you-mean.ts';

/** What YAML made of a line that was meant differently, and how to write it. `line` is the text of the source line. */
export interface YamlTrap {
  readonly code: string;
  readonly message: string;
}

/** A parse error of the YAML library, said in the words of a flow's author. */
export function explainYamlError(code: string, message: string, line: string): YamlTrap {
  const shown = line.trim();
  const quoted = quotedForm(line);
  const write = quoted === undefined ? '' : ` Write: ${quoted}`;
  switch (code) {
    case 'TAB_AS_INDENT':
      return trap('yaml_tab', 'YAML indents with spaces, never with tabs.');
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return quoted === undefined
        ? trap('yaml_syntax', `${message}: \`${shown}\`.`)
        : trap(
            'yaml_colon',
            `A colon and a space inside a value must stand in quotes: \`${shown}\`.${write}`,
          );
    case 'UNEXPECTED_TOKEN':
      return trap('yaml_quotes', unexpected(shown, message) + write);
    case 'BAD_SCALAR_START':
      return trap(
        'yaml_quotes',
        `A value that starts with a sign of YAML must stand in quotes: \`${shown}\`.${write}`,
      );
    case 'RESOURCE_EXHAUSTION':
      return trap('too_deep', 'The document is nested too deeply.');
    case 'MULTIPLE_DOCS':
      return trap('yaml_documents', 'One file holds one flow: remove the line `---`.');
    default:
      return trap('yaml_syntax', `${message}: \`${shown}\`.`);
  }
}

/** A warning is an error here: it means that YAML read something else than what was written. */
export function explainYamlWarning(message: string, line: string): YamlTrap {
  const quoted = quotedForm(line);
  const write = quoted === undefined ? 'Put the value in quotes.' : `Write: ${quoted}`;
  if (/:\s+!/.test(line) || /-\s+!/.test(line)) {
    return trap(
      'yaml_tag',
      `A leading ! is a tag in YAML and its text is lost: \`${line.trim()}\`. ${write}`,
    );
  }
  return trap('yaml_warning', `${message}: \`${line.trim()}\`.`);
}

/** A key that is not the text it seems to be. */
export function explainKey(source: string): YamlTrap {
  return trap(
    'yaml_key',
    `The key \`${source}\` is not text: write "${source}" in quotes, or another name.`,
  );
}

/** A number that YAML reads, and that is none in JSON. */
export function explainNumber(source: string, value: unknown): YamlTrap {
  const read = `YAML reads \`${source}\` as ${String(value)}.`;
  return trap(
    'yaml_number',
    `${read} Write the number as JSON does (no leading zeros, no 0x, no .inf), or quote it.`,
  );
}

/** A key with nothing behind it. */
export function explainEmpty(key: string): YamlTrap {
  return trap('yaml_empty', `Nothing is written after \`${key}:\`. Write null if that is meant.`);
}

/** `input: {text}`: a map whose value was left out, because braces mean a map in YAML. */
export function explainBraces(source: string): YamlTrap {
  return trap(
    'yaml_braces',
    `Braces make a map in YAML: \`${source}\` has keys without values. Write { key: value }, or put the text in quotes.`,
  );
}

/** A `$` form that does not exist. */
export function explainForm(key: string): YamlTrap {
  const hint = didYouMean(key, ['$text', '$value']);
  return trap(
    'mapping_form_unknown',
    `"${key}" is no form of a mapping: there are $text and $value.${hint}`,
  );
}

function unexpected(shown: string, message: string): string {
  const value = headAndValue(shown)?.value ?? shown;
  if (/^['"]/.test(value)) {
    return `YAML takes the first quotes of a value for its own: \`${shown}\`. Put quotes around the whole value.`;
  }
  if (/^[[{]/.test(value)) {
    return `A value that starts with a bracket is a list or map in YAML: \`${shown}\`. Put quotes around the whole value.`;
  }
  if (/^[>|]/.test(value)) {
    return `A leading ${value[0]} begins a block of text in YAML: \`${shown}\`. Put quotes around the whole value.`;
  }
  return `${message}: \`${shown}\`.`;
}

/** The line with its value in quotes that need no escapes; undefined when it has no `key: value`. */
function quotedForm(line: string): string | undefined {
  const parts = headAndValue(line.trim());
  if (parts === undefined || parts.value === '') return undefined;
  const { head, value } = parts;
  const quoted =
    value.includes('"') || value.includes('\\') ? `'${value.replaceAll("'", "''")}'` : `"${value}"`;
  return `\`${head} ${quoted}\``;
}

function headAndValue(line: string): { readonly head: string; readonly value: string } | undefined {
  const match = /^((?:- +)*(?:"[^"]*"|'[^']*'|[^\s'"[\]{}:]+) *:) +(.*)$/.exec(line);
  if (match) return { head: match[1]!, value: match[2]! };
  const item = /^(-) +(.*)$/.exec(line);
  return item ? { head: item[1]!, value: item[2]! } : undefined;
}

function trap(code: string, message: string): YamlTrap {
  return { code, message };
}
