import { createLogger } from '../../../shared/telemetry/logger.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { startWorker } from '../../../shared/worker/worker.ts';
import { benchModels } from './models.ts';

/** One process that serves all three models of the chain, as the reference's worker does. */
const logger = createLogger('bench-worker', 'warn');
const transport = await connectAmqp({ url: process.argv[2] as string, logger });
for (const model of benchModels) {
  await startWorker({ model, transport, logger, instance: 'bench' });
}

process.send?.('ready');
process.on('disconnect', () => process.exit());
