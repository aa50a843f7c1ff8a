import { startCoordinator } from '../../../services/coordinator/coordinator.ts';
import { openPostgresStore } from '../../../services/coordinator/store/postgres/postgres-store.ts';
import { openSqliteStore } from '../../../services/coordinator/store/sqlite/sqlite-store.ts';
import { loadFlowFolder } from '../../../shared/flow/load-folder.ts';
import { coordinatorSpoke } from '../../../shared/security/spoke.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { benchFlowFolder } from '../models.ts';
import { historyCounter } from '../process/counter.ts';
import { serve } from '../process/serve.ts';
import { signedWhereTold } from './signing.ts';

/** One coordinator process on the database or the store file it is given. */
const [url, storeAt, instance] = process.argv.slice(2) as [string, string, string];
const logger = createLogger('bench-coordinator', 'warn');
const connected = await connectAmqp({ url, logger });
const transport = signedWhereTold(connected, coordinatorSpoke, logger);
const store = storeAt.startsWith('postgres:')
  ? await openPostgresStore(storeAt)
  : openSqliteStore(storeAt);
const flows = loadFlowFolder(benchFlowFolder);
const { onHistory, counts } = historyCounter();
await startCoordinator({ store, transport, flows, instance, logger, onHistory });

serve({ counts });
