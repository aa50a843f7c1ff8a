import { v5 } from 'uuid';
import { expect, it } from 'vitest';
import { messageIdOf, runIdOf } from '../../../shared/envelope/ids.ts';

const namespace = '7c0b2c5e-6a0a-4d0e-9a0b-3f1d6f0a5b11';

it('derived ids are uuids of version 5, as every other language makes them', () => {
  for (let index = 0; index < 100; index += 1) {
    const job = `job-${index}-ü`;
    const run = runIdOf('default', 'tester', job);
    expect(run).toBe(v5(JSON.stringify(['default', 'tester', job]), namespace));
    const name = JSON.stringify([run, 'a/2/b', index, 'request']);
    expect(messageIdOf(run, 'a/2/b', index, 'request')).toBe(v5(name, namespace));
  }
});
