import { openArtifacts } from '../../../shared/artifacts/open-store.ts';
import type { Client } from '../../../shared/client/client.ts';
import { startFleet } from '../../fleet/fleet.ts';
import { shippedFlows } from '../../fleet/flows.ts';
import { findKept, type KeptRun } from '../../fleet/kept-runs.ts';
import { fileStore } from '../../fleet/store.ts';
import { embeddedLogger } from '../embedded-logger.ts';
import { untilInterrupted } from '../interrupted.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Starts a fleet on a database file, with the models that these runs of it may call, and does something with it. */
export function withKeptFleet<T>(
  file: string,
  terminal: Terminal,
  runs: readonly string[],
  work: (client: Client) => Promise<T>,
): Promise<T> {
  return untilInterrupted(async (closing) => {
    const kept: (KeptRun | undefined)[] = [];
    for (const run of runs) kept.push(await findKept(file, run));
    const flows = shippedFlows();
    const fleet = await startFleet({
      flows,
      // A run may be forked to another version of its flow.
      serve: flows.filter(({ flow }) => kept.some((run) => run?.flow === flow.name)),
      models: kept.flatMap((run) => run?.models ?? []),
      // What is done there is kept, also where nothing has run yet.
      store: fileStore(file),
      artifacts: await openArtifacts(terminal.env),
      logger: embeddedLogger(terminal.env),
      env: terminal.env,
    });
    closing.add(() => fleet.stop());
    const lost = fleet.lost.then((error) => {
      throw error;
    });
    return await Promise.race([work(fleet.client), lost]);
  });
}
