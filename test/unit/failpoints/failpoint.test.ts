import { spawnSync } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { armFailpoint, failpoint } from '../../../shared/failpoints/failpoint.ts';

const file = new URL('../../../shared/failpoints/failpoint.ts', import.meta.url);

/** Runs code in a process of its own. */
function run(text: string, code: string) {
  const program = `
    import { armFailpoint, failpoint, failpointOnceWritten } from '${file.href}';
    armFailpoint({ FAILPOINT: '${text}' });
    ${code}
    console.log('lived');`;
  return spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });
}

afterEach(() => armFailpoint({}));

describe('a failpoint', () => {
  it('kills its process with -9', () => {
    const { signal, stdout } = run('W3', "failpoint('W3');");
    expect({ signal, stdout }).toEqual({ signal: 'SIGKILL', stdout: '' });
  });

  it('that waits for writes kills a few turns of the event loop later', () => {
    const { signal, stdout } = run('W6', "failpointOnceWritten('W6');");
    expect({ signal, stdout }).toEqual({ signal: 'SIGKILL', stdout: 'lived\n' });
  });

  it('is passed when nothing, or another one, is armed', () => {
    failpoint('C1');
    armFailpoint({ FAILPOINT: 'C10:throw' });
    expect(() => failpoint('C1')).not.toThrow();
    armFailpoint({ FAILPOINT: '' });
    expect(() => failpoint('C10')).not.toThrow();
  });

  it('takes effect at the passage that is named, and once', () => {
    armFailpoint({ FAILPOINT: 'C5:2:throw' });
    failpoint('C5');
    expect(() => failpoint('C5')).toThrow('Failpoint C5 was told to throw.');
    failpoint('C5');
  });

  it('counts only the passages that count', () => {
    armFailpoint({ FAILPOINT: 'C7:throw' });
    failpoint('C7', () => false);
    expect(() => failpoint('C7', () => true)).toThrow('C7');
  });

  it('delays the whole process', () => {
    armFailpoint({ FAILPOINT: 'W1:delay' });
    const began = performance.now();
    failpoint('W1');
    expect(performance.now() - began).toBeGreaterThan(900);
  });

  it.each(['W9', 'C0', 'C12', 'W1:0', 'W1:explode', 'anything'])('named %s is refused', (text) => {
    expect(() => armFailpoint({ FAILPOINT: text })).toThrow(/write W1 to W8 or C1 to C11/);
  });

  it('is refused in production unless that is allowed', () => {
    const production = { FAILPOINT: 'W1:2', NODE_ENV: 'production' };
    expect(() => armFailpoint(production)).toThrow('refused while NODE_ENV is production');
    armFailpoint({ ...production, FAILPOINTS_IN_PRODUCTION: '1' });
    armFailpoint({ NODE_ENV: 'production' });
  });
});
