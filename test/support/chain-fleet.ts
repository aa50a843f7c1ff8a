import { startCoordinator } from '../../services/coordinator/coordinator.ts';
import { openSqliteStore } from '../../services/coordinator/store/sqlite/sqlite-store.ts';
import { loadFlowFolder } from '../../shared/flow/load-folder.ts';
import { silentLogger as logger } from '../../shared/telemetry/logger.ts';
import { connectAmqp } from '../../shared/transport/amqp/transport.ts';
import { startWorker } from '../../shared/worker/worker.ts';
import { benchFlowFolder, benchModels } from '../bench/models.ts';
import { scenarios } from '../bench/scenarios.ts';

export interface ChainFleet {
  stop(): Promise<void>;
}

/** A coordinator (store in memory) and workers for the flow `chain`: { n } → { n: n + 3 }, over a real broker. */
export async function startChainFleet(url: string): Promise<ChainFleet> {
  const transport = await connectAmqp({ url, logger });
  const store = openSqliteStore(':memory:');
  const flows = loadFlowFolder(benchFlowFolder);
  const coordinator = await startCoordinator({ store, transport, flows, instance: 'test', logger });
  const workers = await Promise.all(
    benchModels(scenarios.chain.models).map((model) =>
      startWorker({ model, transport, logger, instance: 'test' }),
    ),
  );
  return {
    async stop() {
      for (const worker of workers) await worker.stop();
      await coordinator.stop();
      await transport.close();
      await store.close();
    },
  };
}
