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
