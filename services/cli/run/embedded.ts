import { openArtifacts } from '../../../shared/artifacts/open-store.ts';
import { type Awaited, resultOrRest } from '../../../shared/client/result-or-rest.ts';
import { FleetError } from '../../../shared/errors/errors.ts';
import { startFleet } from '../../fleet/fleet.ts';
import { shippedFlows } from '../../fleet/flows.ts';
import { storeOrMemory } from '../../fleet/store.ts';
import { embeddedLogger } from '../embedded-logger.ts';
import { findFlow } from '../input/find-flow.ts';
import { RunHistory } from '../input/run-history.ts';
import { untilInterrupted } from '../interrupted.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { RunLine } from './follow.ts';
import { type AskedJob, PATIENCE_MS } from './job.ts';
import { saveOutput } from './save-output.ts';

/** Runs one job in this process, with the models of its flow alone, until it has ended or rests; a run that rests stays in the file. Throws UsageError, ConfigError, FleetError. */
export function runEmbedded(job: AskedJob, database: string, terminal: Terminal): Promise<Awaited> {
  return untilInterrupted(async (closing) => {
    const { flow, all } = findFlow(job.flow, shippedFlows());
    const { name, version, deadlineMs } = flow.flow;
    const { store, held } = storeFor(database, terminal);
    const history = new RunHistory();
    const line = new RunLine(name, terminal.err);
    closing.add(() => line.close());
    const fleet = await startFleet({
      flows: all,
      serve: [flow],
      store,
      artifacts: await openArtifacts(terminal.env),
      logger: embeddedLogger(terminal.env),
      env: terminal.env,
      onHistory: history.heard,
    });
    closing.add(() => fleet.stop());
    const ran = async (): Promise<Awaited> => {
      const { run } = await fleet.client.submit(name, job.payload, {
        files: job.files,
        flowVersion: version,
        ...(job.budget === undefined ? {} : { budget: job.budget }),
        ...(job.priority === undefined ? {} : { priority: job.priority }),
        ...(job.timeoutMs === undefined ? {} : { deadlineMs: job.timeoutMs }),
      });
      history.follow(run, (row) => line.heard(row));
      const timeoutMs = (job.timeoutMs ?? deadlineMs) + PATIENCE_MS;
      const awaited = await resultOrRest(fleet.client, run, { timeoutMs });
      line.close();
      if (awaited.name === 'rests' && held !== undefined) {
        throw new FleetError(
          'rest_not_kept',
          `Run ${run} rests, and is kept nowhere. Run it again when no other process has the file, or with another --db.`,
        );
      }
      if (job.out !== undefined) await saveOutput(awaited, job.out, fleet.client);
      return awaited;
    };
    const lost = fleet.lost.then((error) => {
      throw error;
    });
    return await Promise.race([ran(), lost]);
  });
}

function storeFor(database: string, { err }: Terminal): ReturnType<typeof storeOrMemory> {
  const opened = storeOrMemory(database);
  const { held } = opened;
  if (held !== undefined) {
    err.print(`flotilla: ${held.message} This run is kept in memory only. (${held.code})`);
  }
  return opened;
}
