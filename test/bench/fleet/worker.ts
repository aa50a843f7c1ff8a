import { createLogger } from '../../../shared/telemetry/logger.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { startWorker } from '../../../shared/worker/worker.ts';
import { benchModels } from '../models.ts';
import { serve } from '../process/serve.ts';
import { signedWhereTold } from './signing.ts';

/** One process that serves all the models it is told, as the reference's worker does. */
const [url, ...names] = process.argv.slice(2) as [string, ...string[]];
const logger = createLogger('bench-worker', 'warn');
const transport = await connectAmqp({ url, logger });
for (const model of benchModels(names)) {
  const own = signedWhereTold(transport, `worker.${model.name}`, logger);
  await startWorker({ model, transport: own, logger, instance: 'bench' });
}

serve();
