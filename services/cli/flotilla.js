#!/usr/bin/env node
// Plain JavaScript on purpose: this file must start on any Node, to say what to do when it is too old for the rest.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 24 || (major === 24 && minor >= 0)) {
  // Compiled code is kept in the system's temporary folder: the next start takes two thirds of the time.
  nodeModule.enableCompileCache?.();
  await import('./main.ts');
} else {
  // `npm ci` brings a Node of the right version as a package; npm and npx put it first, a plain `node` does not.
  const windows = process.platform === 'win32';
  const packaged = fileURLToPath(
    new URL(`../../node_modules/.bin/node${windows ? '.cmd' : ''}`, import.meta.url),
  );
  const again = process.env.FLOTILLA_PACKAGED_NODE === undefined;
  if (again && existsSync(packaged)) {
    const child = spawn(packaged, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
      stdio: 'inherit',
      shell: windows,
      env: { ...process.env, FLOTILLA_PACKAGED_NODE: '1' },
    });
    // Ctrl-C reaches both processes by itself; a signal to this one alone is handed on. Either way the child decides when to end.
    process.on('SIGINT', () => {});
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    process.on('SIGHUP', () => child.kill('SIGHUP'));
    child.on('exit', (status, signal) => {
      process.exitCode = signal ? 1 : (status ?? 1);
    });
  } else {
    process.stderr.write(
      `flotilla needs Node 24 or newer and this is ${process.version}: install it from your system or nodejs.org, then run this again.\n`,
    );
    process.exitCode = 1;
  }
}
