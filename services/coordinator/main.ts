import { ConfigError, FleetError } from '../../shared/errors/errors.ts';
import { loadFlowFolder } from '../../shared/flow/load-folder.ts';
import { instanceName } from '../../shared/lifecycle/instance-name.ts';
import { stopSignal } from '../../shared/lifecycle/signals.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { connectService } from '../../shared/transport/amqp/connect-service.ts';
import { type CoordinatorConfig, readConfig } from './config.ts';
import { startCoordinator } from './coordinator.ts';
import { openSqliteStore } from './store/sqlite/sqlite-store.ts';

/**
 * A coordinator process: serves until SIGTERM or SIGINT and ends with 0. While there is no broker it keeps trying. Ends with 2
 * for a wrong environment or flow file, with 1 when it cannot go on.
 */
const stopped = stopSignal();
try {
  await serve(readConfig(process.env));
  process.exitCode = 0;
} catch (error) {
  const text = error instanceof FleetError ? `${error.code}: ${error.message}` : String(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}
// An attempt to connect that is still under way would keep the process.
process.exit();

async function serve(config: CoordinatorConfig): Promise<void> {
  const flows = loadFlowFolder(config.FLOWS_DIR);
  const store = openSqliteStore(config.FLOTILLA_DB);
  try {
    const logger = createLogger('coordinator', config.LOG_LEVEL);
    const stop = stopped.then(() => undefined);
    const connecting = connectService({
      url: config.AMQP_URL,
      service: 'coordinator',
      topology: config.TOPOLOGY,
      role: 'coordinator',
      logger,
    });
    // A connection that comes after the stop is of no use to anybody.
    connecting.catch(() => {});
    const transport = await Promise.race([connecting, stop]);
    if (transport === undefined) return;
    const instance = config.INSTANCE ?? instanceName();
    const coordinator = await startCoordinator({ store, transport, flows, instance, logger });
    const lost = await Promise.race([stop, coordinator.lost]);
    await coordinator.stop();
    await transport.close();
    if (lost) throw lost;
  } finally {
    await store.close();
  }
}
