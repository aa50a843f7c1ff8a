import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The house rules that a reader relies on, read from the imports themselves. */

const root = resolve(import.meta.dirname, '..');

/** The folders of shared/ in layers, lowest first. A folder imports itself and lower layers only: arrows go down. */
const sharedLayers: readonly (readonly string[])[] = [
  ['errors', 'backoff', 'text'],
  [
    'config',
    'failpoints',
    'lifecycle',
    'telemetry',
    'classifier',
    'retrieval',
    'image',
    'summary',
    'tls',
  ],
  ['transport'],
  ['envelope'],
  ['security'],
  ['artifacts'],
  ['flow', 'client', 'worker'],
  ['llm'],
];
const layerOf = (folder: string) => sharedLayers.findIndex((layer) => layer.includes(folder));

/** One door per dependency: who may import it. */
const doors: Record<string, readonly string[]> = {
  amqplib: ['shared/transport/amqp/'],
  pino: ['shared/telemetry/logger.ts'],
  '@opentelemetry/api': ['shared/telemetry/'],
  uuid: ['shared/envelope/ids.ts'],
  'fast-jwt': ['shared/security/keyring.ts'],
  '@marcbachmann/cel-js': ['shared/flow/'],
  yaml: ['shared/flow/', 'shared/llm/', 'services/coordinator/settings-file.ts'],
  'node:sqlite': ['services/coordinator/store/sqlite/'],
  pg: ['services/coordinator/store/postgres/'],
  commander: ['services/cli/'],
  piscina: ['shared/worker/'],
  '@aws-sdk/client-s3': ['shared/artifacts/s3/client.ts'],
  testcontainers: ['test/support/'],
  minisearch: ['shared/retrieval/'],
  'wink-nlp': ['shared/text/wink.ts'],
  'wink-eng-lite-web-model': ['shared/text/wink.ts'],
  tinyld: ['services/language/'],
  'tesseract.js': ['services/ocr/'],
};

/** Who may read the environment, leave the process or listen to signals. */
const processDoors = [
  /^services\/[^/]+\/main\.ts$/,
  /^services\/cli\//,
  /^shared\/lifecycle\//,
  /^shared\/worker\/serve\.ts$/,
];

/** The only services that may import other services: fleet puts them together, cli shows the fleet. */
const composers: Record<string, readonly string[] | 'all'> = { fleet: 'all', cli: ['fleet'] };

/** Roots of tree walks: node kinds that hold other nodes call back into them. */
const recursionRoots = ['shared/flow/compile-list.ts', 'services/coordinator/engine/nodes/node.ts'];

const LONGEST_FILE = 300;

interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** Project files it imports, and packages. */
  readonly files: readonly string[];
  readonly packages: readonly string[];
}

function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|js)$/.test(entry.name))
    .filter((entry) => !entry.parentPath.includes('/node_modules'))
    .map((entry) => {
      const absolute = join(entry.parentPath, entry.name);
      const text = readFileSync(absolute, 'utf8');
      const specifiers = [
        ...text.matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g),
        ...text.matchAll(/new URL\('([^']+\.ts)', import\.meta\.url\)/g),
      ].map((match) => match[1] as string);
      return {
        path: relative(root, absolute),
        text,
        files: specifiers
          .filter((name) => name.startsWith('.'))
          .map((name) => relative(root, resolve(dirname(absolute), name))),
        packages: specifiers.filter((name) => !name.startsWith('.')),
      };
    });
}

/** Files that it imports when it runs: `import type` is erased, and a tree walk may recurse through its root. */
function valueImports(file: SourceFile): string[] {
  const erased = new Set(
    [...file.text.matchAll(/^(?:import|export) type [^;]*? from '(\.[^']+)'/gms)].map((match) =>
      relative(root, resolve(root, dirname(file.path), match[1] as string)),
    ),
  );
  return file.files.filter((target) => !erased.has(target) && !recursionRoots.includes(target));
}

const shared = sourceFiles('shared');
const services = sourceFiles('services');
const product = [...shared, ...services];
const all = [...product, ...sourceFiles('test')];

const folderOf = (path: string) => path.split('/')[1] as string;

describe('the architecture', () => {
  it('knows every folder of shared', () => {
    const unknown = shared
      .map((file) => folderOf(file.path))
      .filter((folder) => layerOf(folder) < 0);
    expect([...new Set(unknown)]).toEqual([]);
  });

  it('lets shared import only shared, and only downwards', () => {
    const wrong = shared.flatMap((file) =>
      file.files
        .filter((target) => {
          if (!target.startsWith('shared/')) return true;
          const from = folderOf(file.path);
          const to = folderOf(target);
          return from !== to && layerOf(from) <= layerOf(to);
        })
        .map((target) => `${file.path} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('lets a service import shared and itself; only fleet puts services together', () => {
    const wrong = services.flatMap((file) =>
      file.files
        .filter((target) => {
          if (target.startsWith('shared/')) return false;
          if (!target.startsWith('services/')) return true;
          const allowed = composers[folderOf(file.path)] ?? [];
          const to = folderOf(target);
          return folderOf(file.path) !== to && allowed !== 'all' && !allowed.includes(to);
        })
        .map((target) => `${file.path} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('has one door per dependency', () => {
    const wrong = product.flatMap((file) =>
      file.packages
        .filter((name) => doors[name] && !doors[name].some((door) => file.path.startsWith(door)))
        .map((name) => `${file.path} → ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('touches the process only at its entry points', () => {
    const wrong = product
      .filter((file) => /\bprocess\.(env|exit|exitCode|on|once|argv)\b/.test(file.text))
      .map((file) => file.path)
      .filter((path) => !processDoors.some((door) => door.test(path)));
    expect(wrong).toEqual([]);
  });

  it('has no import cycles', () => {
    const graph = new Map(product.map((file) => [file.path, valueImports(file)]));
    const cycles: string[] = [];
    const done = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      } else if (!done.has(path)) {
        for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
        done.add(path);
      }
    };
    for (const path of graph.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });

  it('has no folder that is named for nothing', () => {
    const vague = /(^|\/)(utils?|common|helpers?|managers?|types|interfaces|misc|lib)(\/|\.|$)/;
    expect(all.map((file) => file.path).filter((path) => vague.test(path))).toEqual([]);
  });

  it('has no barrel files', () => {
    const barrels = product.filter((file) => /^export \* from/m.test(file.text));
    expect(barrels.map((file) => file.path)).toEqual([]);
  });

  it(`has no file over ${LONGEST_FILE} lines that does not say why at its top`, () => {
    const long = all
      .filter((file) => file.text.split('\n').length > LONGEST_FILE)
      .filter((file) => !/^\/\*\*[\s\S]{0,1500}?\blong because\b/i.test(file.text));
    expect(long.map((file) => file.path)).toEqual([]);
  });

  it('leaves nothing for later: no TODO, no skipped or focused test, no silenced check', () => {
    const leftOvers =
      /\bTODO\b|\bFIXME\b|\b(it|test|describe)\.(skip|only|todo)\b|@ts-(ignore|expect-error|nocheck)|biome-ignore/;
    const wrong = all
      .filter((file) => file.path !== 'test/architecture.test.ts' && leftOvers.test(file.text))
      .map((file) => file.path);
    expect(wrong).toEqual([]);
  });
});
