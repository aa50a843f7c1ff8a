import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCoordinator } from '../../../services/coordinator/coordinator.ts';
import { openSqliteStore } from '../../../services/coordinator/store/sqlite/sqlite-store.ts';
import { connectClient } from '../../../shared/client/client.ts';
import { loadFlowFolder } from '../../../shared/flow/load-folder.ts';
import { silentLogger as logger } from '../../../shared/telemetry/logger.ts';
import { MemoryBroker } from '../../../shared/transport/memory/broker.ts';
import { connectMemory } from '../../../shared/transport/memory/transport.ts';
import { startWorker } from '../../../shared/worker/worker.ts';
import { runChain } from '../chain.ts';
import { benchFlowFolder, benchModels } from '../fleet/models.ts';
import type { System } from '../system.ts';

/** The whole fleet in this process, with its store in a file (every commit on disk) or in memory. */
export async function startInProcess(storeIn: 'file' | 'memory'): Promise<System> {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-bench-'));
  const store = openSqliteStore(storeIn === 'file' ? join(folder, 'bench.db') : ':memory:');
  const broker = new MemoryBroker();
  const transports = Array.from({ length: 3 }, () => connectMemory(broker));
  const [forCoordinator, forWorkers, forClient] = transports as [
    (typeof transports)[0],
    (typeof transports)[0],
    (typeof transports)[0],
  ];
  const flows = loadFlowFolder(benchFlowFolder);
  const coordinator = await startCoordinator({
    store,
    transport: forCoordinator,
    flows,
    instance: 'bench',
    logger,
  });
  const workers = await Promise.all(
    benchModels.map((model) =>
      startWorker({ model, transport: forWorkers, logger, instance: 'bench' }),
    ),
  );
  const client = await connectClient({ transport: forClient });
  return {
    runOne: runChain(client),
    async stop() {
      await client.close();
      for (const worker of workers) await worker.stop();
      await coordinator.stop();
      for (const transport of transports) await transport.close();
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}
