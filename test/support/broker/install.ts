import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { isExecutable, run } from './command.ts';

const policyFile = '/usr/sbin/policy-rc.d';
const savedPolicyFile = '/usr/sbin/policy-rc.d.before-flotilla';

/** True where the package may be installed without asking: wanted, or root on Debian or Ubuntu with nobody watching. */
export async function mayInstall(): Promise<boolean> {
  if (process.getuid?.() !== 0 || !(await isExecutable('/usr/bin/apt-get'))) return false;
  if (process.env['FLOTILLA_TEST_INSTALL'] === '1') return true;
  const system = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const watched = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(system) && !watched;
}

/** Installs a package of the distribution and lets no service of it start. Rejects when apt-get fails. */
export async function installPackage(name: string): Promise<void> {
  const restore = await forbidServices();
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    await run('apt-get', ['update', '-q'], { env, timeoutMs: 180_000 });
    // Another test file may be installing at the same time: wait for its lock.
    const wait = ['-o', 'DPkg::Lock::Timeout=300'];
    const install = [...wait, 'install', '-y', '-q', '--no-install-recommends', name];
    const result = await run('apt-get', install, { env, timeoutMs: 600_000 });
    if (!result.succeeded) throw new Error(`apt-get ${install.join(' ')}: ${result.output}`);
  } finally {
    await restore();
  }
}

/** Debian asks /usr/sbin/policy-rc.d before a package starts its service; 101 means no. Answers how to undo it. */
async function forbidServices(): Promise<() => Promise<void>> {
  const present = await isExecutable(policyFile);
  if (present) await rename(policyFile, savedPolicyFile);
  await writeFile(policyFile, '#!/bin/sh\nexit 101\n');
  await chmod(policyFile, 0o755);
  return async () => {
    if (present) await rename(savedPolicyFile, policyFile);
    else await rm(policyFile, { force: true });
  };
}
