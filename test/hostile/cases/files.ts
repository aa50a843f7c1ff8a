import type { CommandCase, FlowFileCase } from '../corpus/case.ts';

/** Flow files, and what people hand to the command line. */

const good =
  'flow: f\nversion: 1\ndescription: d\ninput: { type: object }\ndo:\n  - step: a\n    model: sentiment\n    input: { text: "\'hello\'" }\n';

const file = (family: number, what: string, text: string | Uint8Array, expected: string) =>
  ({ family, entrance: 'flow file', what, file: Buffer.from(text), expected }) as const;
const described = (text: string) => good.replace('description: d', `description: ${text}`);
const schema = (text: string) => good.replace('{ type: object }', text);
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

export const flowFileCases: readonly FlowFileCase[] = [
  file(1, 'no bytes', '', 'structure_invalid'),
  file(2, '257 KiB', good.padEnd(257 * 1024, '#'), 'flow_file_too_large'),
  file(2, '64 MiB', Buffer.alloc(64 * 1024 * 1024, 0x20), 'flow_file_too_large'),
  file(
    3,
    'bytes ff fe',
    Buffer.concat([Buffer.from(good), Buffer.of(0x23, 0xff, 0xfe)]),
    'bad_utf8',
  ),
  file(3, 'UTF-16', Buffer.from(good, 'utf16le'), 'bad_text'),
  file(4, 'a byte order mark in the middle', described('a\u{feff}b'), 'invisible_text'),
  file(5, 'the first half', good.slice(0, good.length / 2), 'yaml_empty'),
  file(5, 'two documents', `${good}---\n${good}`, 'yaml_documents'),
  file(6, 'null', 'null', 'structure_invalid'),
  file(6, 'a list', '[]', 'structure_invalid'),
  file(6, 'a number', '1', 'structure_invalid'),
  file(7, '100,000 lists', described(nested(100_000)), 'too_deep'),
  file(7, '49 levels', schema(`{ a: ${nested(49)} }`), 'too_deep'),
  file(8, '30,000 values', schema(`{ a: [${'0,'.repeat(30_000)}0] }`), 'too_many_values'),
  file(8, 'a key of 300 characters', schema(`{ ${'k'.repeat(300)}: 1 }`), 'bad_text'),
  file(8, 'a billion laughs', 'a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]', 'yaml_alias'),
  file(9, 'a key twice', `${good}version: 2\n`, 'duplicate_key'),
  file(9, 'a merge key', `${good}<<: { version: 2 }\n`, 'forbidden_key'),
  file(10, '1e999', good.replace('version: 1', 'version: 1e999'), 'yaml_number'),
  file(10, '.inf', good.replace('version: 1', 'version: .inf'), 'yaml_number'),
  file(
    11,
    '2^53 + 1',
    good.replace('version: 1', 'version: 9007199254740993'),
    'structure_invalid',
  ),
  file(12, 'an octal number', good.replace('version: 1', 'version: 0o17'), 'yaml_number'),
  file(13, 'NUL', described('"a\\0b"'), 'bad_text'),
  file(14, 'half of a character', described('"\\ud800"'), 'bad_text'),
  file(15, 'a bidi override', described('a\u202eb'), 'invisible_text'),
  file(15, 'a bidi override in a comment', `${good}# \u202e\n`, 'invisible_text'),
  file(15, 'tag characters', described('a\u{e0041}'), 'invisible_text'),
  file(
    15,
    'a zero width space in a name',
    good.replace('step: a', 'step: a\u200b'),
    'invisible_text',
  ),
  file(17, 'a tag that makes objects', described('!!js/function "x"'), 'yaml_tag'),
  file(18, '__proto__', `${good}__proto__: { a: 1 }\n`, 'forbidden_key'),
  file(19, 'constructor', schema('{ constructor: { prototype: 1 } }'), 'forbidden_key'),
  file(21, 'a field that nobody knows', `${good}admin: true\n`, 'key_unknown'),
  file(22, 'a name with a path', good.replace('flow: f', 'flow: ../f'), 'structure_invalid'),
  file(22, 'a name with wildcards', good.replace('flow: f', 'flow: "a.#"'), 'structure_invalid'),
  file(28, 'code in an expression', good.replace("'hello'", 'process.exit(1)'), 'function_unknown'),
  file(
    29,
    'bait for its own pattern',
    schema('{ properties: { a: { type: string, maxLength: 99, pattern: "^(a+)+$" } } }'),
    'input_schema_invalid',
  ),
  file(
    58,
    'a route by the text of a model',
    good.replace('model: sentiment', 'model: "${payload.text}"'),
    'structure_invalid',
  ),
];

const command = (
  family: number,
  what: string,
  args: readonly string[],
  expected: string,
  more: { readonly file?: Uint8Array; readonly input?: string } = {},
): CommandCase => ({ family, entrance: 'command line', what, args, expected, ...more });
const validate = ['flows', 'validate', '{file}'];
const run = ['run', 'language', '--payload', '{file}'];

export const commandCases: readonly CommandCase[] = [
  command(1, 'an empty payload', run, 'exit 2 payload_not_json', { file: Buffer.of() }),
  command(3, 'a payload that is no UTF-8', run, 'exit 2 bad_utf8', {
    file: Buffer.concat([Buffer.from('{"text":"'), Buffer.of(0xff, 0xfe), Buffer.from('"}')]),
  }),
  command(6, 'a payload that is a list', run, 'exit 2 payload_not_object', {
    file: Buffer.from('[]'),
  }),
  command(7, 'a payload of 100,000 lists', run, 'exit 2 too_deep', {
    file: Buffer.from(`{"text":${nested(100_000)}}`),
  }),
  command(9, 'a key twice in a payload', run, 'exit 2 duplicate_key', {
    file: Buffer.from('{"text":"a","text":"b"}'),
  }),
  command(15, 'a bidi override in a flow file', validate, 'exit 1 invisible_text', {
    file: Buffer.from(described('a\u202eb')),
  }),
  command(18, '__proto__ in a payload', run, 'exit 2 forbidden_key', {
    file: Buffer.from('{"text":"a","__proto__":{"a":1}}'),
  }),
  command(
    22,
    'a flow with a path for a name',
    ['run', '../../etc/passwd', 'x'],
    'exit 2 flow_unknown',
  ),
];
