import { describe, expect, it } from 'vitest';
import { problemOf, problemsIn } from '../../support/flow-text.ts';

/** A step whose `input` has this line in it. */
function stepWith(line: string): string {
  return `- step: one\n  model: echo\n  input:\n    ${line}`;
}

describe('a YAML trap is refused with a sentence that quotes the line and says how to write it', () => {
  const traps: readonly (readonly [trap: string, line: string, code: string, says: RegExp])[] = [
    [
      'a colon in an expression',
      'text: payload.ok ? payload.a : payload.b',
      'yaml_colon',
      /`text: payload\.ok \? payload\.a : payload\.b`\. Write: `text: "payload\.ok \? payload\.a : payload\.b"`/,
    ],
    [
      'a colon in an expression with quotes',
      'text: payload.ok ? "a" : "b"',
      'yaml_colon',
      /Write: `text: 'payload\.ok \? "a" : "b"'`/,
    ],
    [
      'a leading !',
      'text: !payload.ok',
      'yaml_tag',
      /leading ! is a tag.*Write: `text: "!payload\.ok"`/,
    ],
    [
      'a known tag',
      'text: !!str payload.ok',
      'yaml_tag',
      /Tags are not read: `text: !!str payload\.ok`/,
    ],
    [
      'a quoted word and more',
      "text: 'a' in payload.tags",
      'yaml_quotes',
      /Write: `text: "'a' in payload\.tags"`/,
    ],
    [
      'a double-quoted word and more',
      'text: "a" + payload.b',
      'yaml_quotes',
      /Write: `text: '"a" \+ payload\.b'`/,
    ],
    [
      'a leading bracket',
      'text: [1, 2].size() > 1',
      'yaml_quotes',
      /starts with a bracket.*Write: `text: "\[1, 2\]\.size\(\) > 1"`/,
    ],
    ['a leading brace', 'text: {text} == 1', 'yaml_quotes', /starts with a bracket/],
    [
      'braces without values',
      'text: {name}',
      'yaml_braces',
      /Braces make a map in YAML: `\{name\}`/,
    ],
    ['a leading >', 'text: > 3', 'yaml_quotes', /leading > begins a block/],
    ['a leading @', 'text: @name', 'yaml_quotes', /Write: `text: "@name"`/],
    ['a leading backtick', 'text: `name`', 'yaml_quotes', /Write: `text: "`name`"`/],
    ['an alias', 'text: *name', 'yaml_alias', /Anchors and aliases are not read: `text: \*name`/],
    ['an anchor', 'text: &name payload.text', 'yaml_alias', /Anchors and aliases are not read/],
    ['a leading zero', 'count: 01', 'yaml_number', /YAML reads `01` as 1/],
    ['a hexadecimal number', 'count: 0x1F', 'yaml_number', /YAML reads `0x1F` as 31/],
    ['an infinity', 'count: .inf', 'yaml_number', /as JSON does/],
    ['a number that is too large', 'count: 1e999', 'yaml_number', /Infinity/],
    ['a plus sign', 'count: +1', 'yaml_number', /YAML reads `\+1` as 1/],
    ['nothing after a key', 'text:', 'yaml_empty', /Nothing is written after `text:`/],
    ['a merge key', '<<: { a: 1 }', 'forbidden_key', /"<<" is not allowed/],
    ['__proto__', '__proto__: 1', 'forbidden_key', /"__proto__" is not allowed/],
    ['constructor', 'constructor: 1', 'forbidden_key', /"constructor" is not allowed/],
    ['a key that is a boolean', 'true: 1', 'yaml_key', /The key `true` is not text: write "true"/],
    ['a key that is a number', '1: 1', 'yaml_key', /The key `1` is not text/],
    ['a key that is a list', '[a]: 1', 'yaml_key', /The key `\[a\]` is not text/],
    ['NUL in a text', 'text: "\\0"', 'bad_text', /NUL/],
    ['half a character in a text', 'text: "\\ud800"', 'bad_text', /half of a character/],
    [
      'a word of YAML 1.1: yes',
      'flag: yes',
      'name_unknown',
      /In YAML 1\.2 `yes` is a word, not a boolean: write true or false/,
    ],
    [
      'a word of YAML 1.1: no (Norway)',
      'country: no',
      'name_unknown',
      /In YAML 1\.2 `no` is a word.*\{ \$text: "no" \}/,
    ],
    ['a word of YAML 1.1: off', 'flag: off', 'name_unknown', /In YAML 1\.2 `off` is a word/],
    [
      'a word without quotes',
      'text: hello',
      'name_unknown',
      /`hello` is an expression here.*\{ \$text: "hello" \} or "'hello'"/,
    ],
    [
      'a word whose quotes YAML took',
      "text: 'hello'",
      'name_unknown',
      /\{ \$text: "hello" \} or "'hello'"/,
    ],
    [
      'a sentence without quotes',
      'text: hello dear friend',
      'expression_invalid',
      /If it is meant as text, write \{ \$text: "hello dear friend" \}/,
    ],
    [
      'a $ form that does not exist',
      'text: { $txt: hi }',
      'mapping_form_unknown',
      /Did you mean "\$text"\?/,
    ],
    ['keys beside a $ form', 'text: { $text: hi, other: 1 }', 'mapping_form_mixed', /stands alone/],
    [
      'an open template',
      'text: { $text: "a ${payload.text" }',
      'template_invalid',
      /no closing \}/,
    ],
  ];

  it.each(traps)('%s', (_trap, line, code, says) => {
    const problem = problemOf(stepWith(line));
    expect(problem.message).toMatch(says);
    expect(problem.code).toBe(code);
    expect(problem.line).toBe(9);
  });

  it('a tab as indentation', () => {
    const [problem] = problemsIn('flow: a\ninput:\n\ttype: object\n');
    expect(problem).toMatchObject({ code: 'yaml_tab', line: 3 });
  });

  it('a key written twice', () => {
    const [problem] = problemsIn('flow: a\nversion: 1\nversion: 2\n');
    expect(problem).toMatchObject({ code: 'duplicate_key', line: 3, path: 'version' });
  });

  it('a directive that would change what yes and no mean', () => {
    const [problem] = problemsIn('%YAML 1.1\n---\nflow: a\n');
    expect(problem).toMatchObject({ code: 'yaml_directive', line: 1 });
  });

  it('several documents in one file', () => {
    const [problem] = problemsIn('flow: a\n---\nflow: b\n');
    expect(problem).toMatchObject({ code: 'yaml_documents', line: 2 });
  });

  it('a list that is not closed', () => {
    const [problem] = problemsIn('flow: a\ndo: [1, 2');
    expect(problem).toMatchObject({ code: 'yaml_syntax', line: 2 });
  });

  it('an unquoted `on` as a key is a key like any other', () => {
    const problem = problemOf('- step: one\n  model: echo\n  on: true');
    expect(problem).toMatchObject({ code: 'key_unknown', path: 'do[0].on', line: 8 });
  });
});

describe('a document that is built to hurt is refused quickly', () => {
  const hostile: readonly (readonly [string, string, string])[] = [
    ['100,000 open brackets', '['.repeat(100_000), 'too_deep'],
    ['100,000 nested list items', '- '.repeat(100_000), 'too_deep'],
    ['60 levels of maps', `{a: ${'{a: '.repeat(60)}1${'}'.repeat(60)}}`, 'too_deep'],
    ['80,000 values', `x: [${'[],'.repeat(80_000)}]`, 'too_many_values'],
    ['300 KiB of text', `description: "${'a'.repeat(300 * 1024)}"`, 'flow_file_too_large'],
    ['a billion laughs', 'a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n', 'yaml_alias'],
  ];

  it.each(hostile)('%s', (_name, text, code) => {
    const started = performance.now();
    expect(problemsIn(text)[0]?.code).toBe(code);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('15,000 keys in one map are compared in linear time', () => {
    const text = Array.from({ length: 15_000 }, (_, index) => `k${index}: 1`).join('\n');
    const started = performance.now();
    expect(problemsIn(text).length).toBeGreaterThan(0);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('JSON', () => {
  it('is read as what it is, tabs and escapes included', () => {
    const json =
      '{\n\t"flow": "a",\n\t"version": 1,\n\t"description": "\\u00e9\\n\\/",\n\t"input": {},\n\t"do": []\n}';
    expect(problemsIn(json)).toEqual([]);
  });

  it('tells the line of a fault', () => {
    const [problem] = problemsIn('{\n  "flow": "a",\n  "version": "one"\n}');
    expect(problem).toMatchObject({ path: 'version', line: 3 });
  });
});
