import { startCoordinator } from '../../../services/coordinator/coordinator.ts';
import { openSqliteStore } from '../../../services/coordinator/store/sqlite/sqlite-store.ts';
import { loadFlowFolder } from '../../../shared/flow/load-folder.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { benchFlowFolder } from './models.ts';

/** One coordinator process on the store file it is given. */
const [url, file] = process.argv.slice(2) as [string, string];
const logger = createLogger('bench-coordinator', 'warn');
const transport = await connectAmqp({ url, logger });
const store = openSqliteStore(file);
const flows = loadFlowFolder(benchFlowFolder);
await startCoordinator({ store, transport, flows, instance: 'bench', logger });

process.send?.('ready');
process.on('disconnect', () => process.exit());
