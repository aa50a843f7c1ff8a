import { startCoordinator } from '../../../services/coordinator/coordinator.ts';
import { openSqliteStore } from '../../../services/coordinator/store/sqlite/sqlite-store.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { startWorker } from '../../../shared/worker/worker.ts';
import { flows } from './flows.ts';
import { models } from './models.ts';
import type { FromFleet, ToFleet } from './protocol.ts';
import { type Took, timedTransport } from './timed-transport.ts';

/**
 * The fleet that is attacked: a coordinator and its workers, each with connections of its own, in one process, so that its memory can
 * be told. `node fleet-process.ts <amqp url> <store file>`; it talks over its channel to whoever started it, and ends with that channel.
 */
const [url = '', file = ''] = process.argv.slice(2);

const tell = (message: FromFleet) => process.send?.(message);
const took: Took[] = [];

/** Log lines that say why something was refused are the only answer to some messages. */
const logger: Logger = {
  debug: told,
  info: told,
  warn: told,
  error: told,
  child: () => logger,
};

function told(fields: object): void {
  const { code, run, routingKey, messageId } = fields as Record<string, unknown>;
  if (typeof code === 'string') tell({ type: 'log', code, about: [run, routingKey, messageId] });
}

const connect = async () =>
  timedTransport(await connectAmqp({ url, logger }), (batch) => void took.push(batch));

process.on('message', ({ type }: ToFleet) => {
  if (type === 'reset') took.length = 0;
  global.gc?.();
  tell({ type: 'facts', rssBytes: process.memoryUsage().rss, took });
});
process.once('disconnect', () => process.exit(0));

await startCoordinator({
  store: openSqliteStore(file),
  transport: await connect(),
  flows,
  instance: 'hostile',
  logger,
});
for (const model of models((name, run) => tell({ type: 'call', model: name, run }))) {
  await startWorker({ model, transport: await connect(), instance: 'hostile', logger });
}
tell({ type: 'ready' });
