import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const root = resolve(import.meta.dirname, '../../..');
const run = promisify(execFile);
/** One name, so that builds do not pile up; the id that is given is this build's, whoever builds another. */
const IMAGE = 'flotilla-s3-stand-in';
const BUILD =
  'tar -c -- "$@" | docker build --quiet --tag "$0" --file test/compose/s3/Dockerfile -';

/** Builds the image of the stand-in from this folder and the installed packages that it needs; gives the image's id. */
export async function buildStandIn(): Promise<string> {
  // What lies within another package comes with it.
  const packages = [...packagesOf('fauxqs')].filter(
    (path) => path.split('node_modules').length === 2,
  );
  const files = ['test/compose/s3', ...packages];
  const { stdout } = await run('sh', ['-c', BUILD, IMAGE, ...files], {
    cwd: root,
  });
  return stdout.trim();
}

/** The folders of a package and of all that it needs, from the project's root. */
function packagesOf(name: string, from = '.', found = new Set<string>()): Set<string> {
  const folder = installed(name, from);
  if (found.has(folder)) return found;
  found.add(folder);
  const { dependencies = {} } = JSON.parse(
    readFileSync(join(root, folder, 'package.json'), 'utf8'),
  );
  for (const needed of Object.keys(dependencies)) packagesOf(needed, folder, found);
  return found;
}

/** Where Node finds a package that is imported from a folder. */
function installed(name: string, from: string): string {
  const folder = join(from, 'node_modules', name);
  if (existsSync(join(root, folder))) return folder;
  if (from === '.') throw new Error(`${name} is not installed`);
  return installed(name, dirname(from));
}
