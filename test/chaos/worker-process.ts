import { instanceName } from '../../shared/lifecycle/instance-name.ts';
import { stopSignal } from '../../shared/lifecycle/signals.ts';
import { securingOf } from '../../shared/security/settings.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { connectService } from '../../shared/transport/amqp/connect-service.ts';
import { startWorker } from '../../shared/worker/worker.ts';
import type { ModelName } from './models/arithmetic.ts';
import { chaosModel, standIns } from './models/models.ts';

/**
 * A worker process: `node worker-process.ts <url> <calls file> <model>…`. It serves them, and what stands in for models, until
 * SIGTERM and ends with 0.
 */
const [url = '', callsFile = '', ...models] = process.argv.slice(2);
const stopped = stopSignal();
const logger = createLogger('chaos-worker');
const env = { AMQP_URL: url, TOPOLOGY: 'declare' } as const;
const connection = { env, service: 'chaos-worker', role: 'worker', logger } as const;
const transport = await Promise.race([connectService(connection), stopped.then(() => undefined)]);
if (transport !== undefined) {
  const own = models.map((name) => chaosModel(name as ModelName, callsFile));
  const workers = await Promise.all(
    [...own, ...standIns(callsFile)].map((model) => {
      // One connection, and the key of each model for what is its own.
      const identity = { party: 'worker', name: model.name } as const;
      const secured = securingOf(process.env, identity, logger);
      return startWorker({
        model,
        transport: secured(transport),
        logger,
        instance: instanceName(),
        drainMs: 10_000,
      });
    }),
  );
  logger.info({ models }, 'all models are served');
  await stopped;
  await Promise.all(workers.map((worker) => worker.stop()));
  await transport.close();
}
process.exit(0);
