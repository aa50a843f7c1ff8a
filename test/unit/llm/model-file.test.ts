import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../shared/errors/errors.ts';
import { modelFilePath, parseModelFile, readModelFile } from '../../../shared/llm/model-file.ts';

const minimal = `name: tagger
version: 1
description: Tags a text.
baseUrl: http://127.0.0.1:1/v1
providerModel: small
prompt:
  user: 'Tag this: {{text}}'
input:
  type: object
  properties: { text: { type: string } }
output:
  type: object
  properties: { text: { type: string } }
`;

function problemsOf(source: string): readonly string[] {
  try {
    parseModelFile(source, 'tagger.yaml');
    return [];
  } catch (error) {
    expect(error).toMatchObject({ code: 'model_file_invalid', constructor: ConfigError });
    return (error as ConfigError).problems;
  }
}

describe('a model file', () => {
  it('needs little, and has its defaults', () => {
    expect(parseModelFile(minimal, 'tagger.yaml')).toMatchObject({
      name: 'tagger',
      json: false,
      stream: false,
      concurrency: 4,
      timeout: 60_000,
      limits: { maxPromptCharacters: 200_000, maxAnswerCharacters: 200_000 },
    });
  });

  it('that is wrong is refused with every problem, its file and its line', () => {
    const source = minimal
      .replace('version: 1', 'version: one')
      .replace('providerModel: small', 'providerModel: small\nmood: bright');
    expect(problemsOf(`${source}timeout: soon\n`)).toEqual([
      expect.stringMatching(/^tagger\.yaml:2: version: /),
      expect.stringMatching(/^tagger\.yaml:15: timeout: must be a duration/),
      'tagger.yaml:6: mood: unknown field',
    ]);
  });

  it.each<[string, [from: string, to: string], RegExp]>([
    [
      'names a field that its input does not have',
      ['{{text}}', '{{txt}}'],
      /:7: prompt\.user: .*txt/,
    ],
    ['names no server', ['baseUrl: http://127.0.0.1:1/v1\n', ''], /baseUrl or baseUrlEnv/],
    ['names a server that is no URL', ['http://127.0.0.1:1/v1', 'ollama'], /:4: baseUrl/],
    [
      'has an output that is no text',
      ['output:\n  type: object', 'output:\n  type: object\n  required: [tag]'],
      /:1[23]: output: must take/,
    ],
    ['has a schema that is none', ['type: object', 'type: objekt'], /:9: input: is no JSON Schema/],
    ['has a schema of no object', ['type: object', 'type: array'], /:9: input: .*type object/],
  ])('that %s is refused', (_what, [from, to], problem) => {
    expect(problemsOf(minimal.replace(from, to))).toEqual([expect.stringMatching(problem)]);
  });

  it('that is no YAML is refused with its line', () => {
    expect(problemsOf('name: a\nversion: [1\nmore: 2\n')[0]).toMatch(/^tagger\.yaml:[23]: /);
  });

  it('that does not exist is named', () => {
    expect(() => readModelFile('nowhere.yaml')).toThrow('nowhere.yaml: cannot be read');
  });

  it.each(
    readdirSync(new URL('../../../infra/models/', import.meta.url)).map((file) =>
      file.replace('.yaml', ''),
    ),
  )('is shipped without a mistake: %s', (name) => {
    expect(readModelFile(modelFilePath(name)).name).toBe(name);
  });
});
