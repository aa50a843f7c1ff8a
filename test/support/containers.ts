import { GenericContainer } from 'testcontainers';
import { run } from './broker/command.ts';

/** Marks our containers with the desk they were started for. */
const label = 'flotilla.test-run';

export function testRunLabels(testRun: string): Record<string, string> {
  return { [label]: testRun };
}

/** Removes what a test run may have left because its process died. */
export async function removeContainers(testRun: string): Promise<void> {
  const listed = await run('docker', ['ps', '-aq', '--filter', `label=${label}=${testRun}`]);
  const ids = listed.succeeded ? listed.output.split(/\s+/).filter(Boolean) : [];
  if (ids.length > 0) await run('docker', ['rm', '-fv', ...ids]);
}

/** A container whose ports are open on this host's loopback alone: what tests start knows only passwords that everybody knows. */
export class LoopbackContainer extends GenericContainer {
  protected override async beforeContainerCreated(): Promise<void> {
    const published: Record<string, { HostPort?: string }[]> = this.hostConfig.PortBindings ?? {};
    this.hostConfig.PortBindings = Object.fromEntries(
      Object.entries(published).map(([port, bindings]) => [
        port,
        bindings.map((binding) => ({ ...binding, HostIp: '127.0.0.1' })),
      ]),
    );
  }
}
