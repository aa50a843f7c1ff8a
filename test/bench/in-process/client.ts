import { startCoordinator } from '../../../services/coordinator/coordinator.ts';
import { openSqliteStore } from '../../../services/coordinator/store/sqlite/sqlite-store.ts';
import { connectClient } from '../../../shared/client/client.ts';
import { loadFlowFolder } from '../../../shared/flow/load-folder.ts';
import { silentLogger as logger } from '../../../shared/telemetry/logger.ts';
import { MemoryBroker } from '../../../shared/transport/memory/broker.ts';
import { connectMemory } from '../../../shared/transport/memory/transport.ts';
import { startWorker } from '../../../shared/worker/worker.ts';
import { fleetDuties } from '../fleet-duties.ts';
import { benchFlowFolder, benchModels } from '../models.ts';
import { historyCounter } from '../process/counter.ts';
import { serve } from '../process/serve.ts';

/** The whole fleet in this process, with its store in a file (every commit on disk) or in memory. */
const [file, ...names] = process.argv.slice(2) as [string, ...string[]];
const store = openSqliteStore(file);
const broker = new MemoryBroker();
const instance = 'bench';
const flows = loadFlowFolder(benchFlowFolder);
const { onHistory, counts } = historyCounter();
const forCoordinator = connectMemory(broker);
await startCoordinator({ store, transport: forCoordinator, flows, instance, logger, onHistory });
const forWorkers = connectMemory(broker);
for (const model of benchModels(names)) {
  await startWorker({ model, transport: forWorkers, logger, instance });
}
const client = await connectClient({ transport: connectMemory(broker) });

serve({ ...fleetDuties(client), counts });
