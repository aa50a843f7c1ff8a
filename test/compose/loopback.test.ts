import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { run } from '../support/broker/command.ts';
import { startContainer as startBroker } from '../support/broker/container.ts';
import { startContainer as startPostgres } from '../support/postgres/container.ts';

// What testcontainers believes to be Docker's host, where it believes itself in a container: nothing listens there.
process.env['TESTCONTAINERS_HOST_OVERRIDE'] = '192.0.2.1';

describe('a container that tests start', () => {
  it.each([
    ['broker', startBroker],
    ['database', startPostgres],
  ])('is a %s that no other machine reaches', async (_what, start) => {
    const testRun = `loopback-${randomUUID()}`;
    const started = await start(testRun);
    try {
      const filter = ['--filter', `label=flotilla.test-run=${testRun}`];
      const { output } = await run('docker', ['ps', ...filter, '--format', '{{.Ports}}']);
      const published = output.split(', ').filter((port) => port.includes('->'));
      expect(published.length).toBeGreaterThan(0);
      expect(published.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    } finally {
      await started.stop();
    }
  });
});
