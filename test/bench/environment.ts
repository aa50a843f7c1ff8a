import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { describeRedis } from './peers/redis.ts';
import type { Place } from './place.ts';

const BYTES_PER_GB = 1e9;

/** What figures were measured with, one fact a line. */
export async function environment(
  place: Place,
  { peers }: { readonly peers: boolean },
): Promise<readonly string[]> {
  const [processor] = cpus();
  const machine = `${cpus().length} cores (${processor?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / BYTES_PER_GB)} GB`;
  return [
    `date: ${new Date().toISOString().slice(0, 10)}`,
    `commit: ${commit()}`,
    `machine: ${machine}, ${process.platform} ${process.arch}`,
    `Node.js ${process.versions.node}, SQLite ${process.versions['sqlite']}`,
    ...(await place.versions()),
    ...(peers ? await peerVersions() : []),
  ];
}

function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
    return git('rev-parse', '--short=12', 'HEAD') + (changed ? ', with changes' : '');
  } catch {
    return 'not known';
  }
}

async function peerVersions(): Promise<string[]> {
  const text = readFileSync(new URL('./peers/package.json', import.meta.url), 'utf8');
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> };
  const packages = Object.entries(dependencies).map(([name, version]) => `${name} ${version}`);
  const redis = await describeRedis();
  return [`peers: ${packages.join(', ')}`, ...(redis ? [redis] : [])];
}
