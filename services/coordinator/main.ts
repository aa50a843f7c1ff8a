import { setTimeout as pause } from 'node:timers/promises';
import { openSharedArtifacts } from '../../shared/artifacts/open-store.ts';
import { ConfigError, FleetError } from '../../shared/errors/errors.ts';
import { armFailpoint } from '../../shared/failpoints/failpoint.ts';
import { loadFlowFolder } from '../../shared/flow/load-folder.ts';
import { instanceName } from '../../shared/lifecycle/instance-name.ts';
import { stopSignal } from '../../shared/lifecycle/signals.ts';
import { securingOf } from '../../shared/security/settings.ts';
import { createLogger, type Logger } from '../../shared/telemetry/logger.ts';
import { connectService } from '../../shared/transport/amqp/connect-service.ts';
import { readClients } from './access/clients-file.ts';
import { type CoordinatorConfig, readConfig } from './config.ts';
import { type Coordinator, type CoordinatorOptions, startCoordinator } from './coordinator.ts';
import { openPostgresStore } from './store/postgres/postgres-store.ts';
import { openSqliteStore } from './store/sqlite/sqlite-store.ts';
import { type Store, StoreUnavailableError } from './store/store.ts';
import { readTenants } from './tenants.ts';

const START_AGAIN_MS = 500;

/**
 * A coordinator process: serves until SIGTERM or SIGINT and ends with 0. While there is no broker it keeps trying. Ends with 2
 * for a wrong environment or flow file, with 1 when it cannot go on.
 */
const stopped = stopSignal();
try {
  armFailpoint(process.env);
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
  const tenants = readTenants(config.TENANTS_FILE);
  const clients = readClients(config.CLIENTS_FILE);
  const stop = stopped.then(() => undefined);
  // A database that is not there yet is waited for, but not by a process that is told to end.
  const logger = createLogger('coordinator', config.LOG_LEVEL);
  const secured = securingOf(process.env, { party: 'coordinator', name: 'coordinator' }, logger);
  const store = await Promise.race([openStore(config, logger), stop]);
  if (store === undefined) return;
  try {
    const connecting = connectService({
      env: config,
      service: 'coordinator',
      role: 'coordinator',
      logger,
    });
    // A connection that comes after the stop is of no use to anybody.
    connecting.catch(() => {});
    const connected = await Promise.race([connecting, stop]);
    if (connected === undefined) return;
    const transport = secured(connected);
    const instance = config.INSTANCE ?? instanceName();
    const artifacts = await openSharedArtifacts(config.AMQP_URL, process.env);
    const kept = artifacts === undefined ? {} : { artifacts };
    const options = { store, transport, flows, tenants, clients, instance, logger, ...kept };
    const coordinator = await Promise.race([startPatiently(options), stop]);
    if (coordinator === undefined) return;
    const lost = await Promise.race([stop, coordinator.lost]);
    await coordinator.stop();
    await transport.close();
    await artifacts?.store.close();
    if (lost) throw lost;
  } finally {
    await store.close();
  }
}

/** A store that is away, or whose rows another coordinator holds, is waited for here as it is later on. */
async function startPatiently(options: CoordinatorOptions): Promise<Coordinator> {
  for (;;) {
    try {
      return await startCoordinator(options);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      options.logger.warn({ code: error.code }, `not started yet: ${error.message}`);
      await pause(START_AGAIN_MS);
    }
  }
}

async function openStore(config: CoordinatorConfig, logger: Logger): Promise<Store> {
  const { DATABASE_URL, FLOTILLA_DB } = config;
  if (DATABASE_URL === undefined) return openSqliteStore(FLOTILLA_DB);
  let told = '';
  const tls = {
    ca: config.DATABASE_CA_FILE,
    cert: config.DATABASE_CERT_FILE,
    key: config.DATABASE_KEY_FILE,
  };
  return openPostgresStore(DATABASE_URL, { tls }, ({ code, message }) => {
    if (message !== told) {
      logger.warn({ code, reason: message }, 'the database is not there; trying again until it is');
    }
    told = message;
  });
}
