import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { nodeFlags } from '../../services/fleet/node-flags.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface LockedPackage {
  readonly link?: boolean;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
}

const locked = Object.entries(
  JSON.parse(read('package-lock.json')).packages as Record<string, LockedPackage>,
).filter(([path]) => path !== '');

/** Packages that have an install script, which `ignore-scripts` leaves out: all work without. */
const withScript = ['cpu-features', 'protobufjs', 'ssh2', 'tesseract.js'];

describe('what is installed', () => {
  it('is locked to the bytes of each package', () => {
    expect(locked.filter(([, { integrity }]) => !integrity).map(([path]) => path)).toEqual([]);
  });

  it('runs no script, and only the packages named here have one', () => {
    const found = locked.filter(([, { hasInstallScript }]) => hasInstallScript);
    expect(found.map(([path]) => path.replace(/^.*node_modules\//, '')).toSorted()).toEqual(
      withScript,
    );
    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m);
  });

  it('is named to its exact version where the project uses it itself', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json'));
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+$/.test(version as string),
    );
    expect(loose).toEqual([]);
  });

  it('comes, in the workflows, from commits and not from tags that move', () => {
    const folder = join(root, '.github/workflows');
    const uses = readdirSync(folder).flatMap((name) => [
      ...readFileSync(join(folder, name), 'utf8').matchAll(/uses: (\S+)/g),
    ]);
    expect(uses.length).toBeGreaterThan(0);
    expect(
      uses.map(([, name]) => name).filter((name) => !/@[0-9a-f]{40}$/.test(name ?? '')),
    ).toEqual([]);
  });
});

interface ComposeService {
  readonly entrypoint?: readonly string[];
  readonly command: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly privileged?: boolean;
}

describe('a container of a service', () => {
  const compose = parse(read('docker-compose.yml'), { merge: true }) as {
    readonly services: Record<string, ComposeService & { readonly image: string }>;
  };
  const own = Object.entries(compose.services).filter(([, { image }]) => image === 'flotilla');
  const dockerfile = read('infra/docker/Dockerfile');
  const imageEntry = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '[]') as string[];

  it('is not root, and can write nothing but what is mounted for it', () => {
    expect(own.length).toBeGreaterThan(15);
    expect(dockerfile).toMatch(/^USER node$/m);
    for (const [name, service] of own) {
      expect(service, name).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
      expect(service.privileged, name).toBeUndefined();
    }
  });

  it.each(own.filter(([, { command }]) => command[0]?.endsWith('/main.ts')))(
    '%s runs under the flags that it runs under everywhere',
    (_name, { command, entrypoint = imageEntry }) => {
      const folder = command[0]?.split('/')[1] as string;
      expect(entrypoint).toEqual(['node', ...nodeFlags(folder)]);
    },
  );
});

describe('the code', () => {
  const files = ['services', 'shared'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  );

  it.each([
    [
      'runs no text as code',
      /\beval\(|\bFunction\(|node:vm|from 'vm'|set(?:Timeout|Interval)\(\s*['"`]/,
    ],
    [
      'merges no message data into objects by a library',
      /from '(?:lodash[^']*|deepmerge[^']*|merge-deep|defu)'/,
    ],
    ['reaches no prototype through data', /\.__proto__|\['__proto__'\]|setPrototypeOf\(/],
  ])('%s', (_rule, forbidden) => {
    expect(files.filter((file) => forbidden.test(readFileSync(file, 'utf8')))).toEqual([]);
  });
});
