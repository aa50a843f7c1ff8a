import { dirname, join } from 'node:path';
import { startCoordinator } from '../../../services/coordinator/coordinator.ts';
import { openSqliteStore } from '../../../services/coordinator/store/sqlite/sqlite-store.ts';
import { openFolderStore } from '../../../shared/artifacts/folder/folder-store.ts';
import { keysInFolder } from '../../../shared/security/key-store.ts';
import { securedTransport } from '../../../shared/security/secured-transport.ts';
import type { Identity } from '../../../shared/security/spoke.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import type { Transport } from '../../../shared/transport/transport.ts';
import { startWorker } from '../../../shared/worker/worker.ts';
import { flows } from './flows.ts';
import { models } from './models.ts';
import type { FromFleet, ToFleet } from './protocol.ts';
import { type Took, timedTransport } from './timed-transport.ts';

/**
 * The fleet that is attacked: a coordinator and its workers, each with connections of its own, in one process, so that its memory can
 * be told. `node fleet-process.ts <amqp url> <store file>
 * [<folder of keys>]`; with keys its messages are signed; it talks over its channel to whoever started it, and ends with that channel.
 */
const [url = '', file = '', keys] = process.argv.slice(2);

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

async function connect(identity: Identity): Promise<Transport> {
  const transport = timedTransport(await connectAmqp({ url, logger }), (batch) => {
    took.push(batch);
  });
  if (keys === undefined) return transport;
  const store = keysInFolder(keys, identity, logger);
  return securedTransport(transport, { identity, keys: store, unsignedJobs: false, logger });
}

process.on('message', ({ type }: ToFleet) => {
  if (type === 'reset') took.length = 0;
  global.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  tell({ type: 'facts', rssBytes: process.memoryUsage().rss, took });
});
process.once('disconnect', () => process.exit(0));

const artifacts = {
  store: await openFolderStore({ folder: join(dirname(file), 'artifacts') }),
  thresholdBytes: 64 * 1024,
  lifetimeMs: 3_600_000,
};
await startCoordinator({
  artifacts,
  store: openSqliteStore(file),
  transport: await connect({ party: 'coordinator', name: 'coordinator' }),
  flows,
  instance: 'hostile',
  logger,
});
for (const model of models((name, run) => tell({ type: 'call', model: name, run }))) {
  const transport = await connect({ party: 'worker', name: model.name });
  await startWorker({ model, transport, artifacts, instance: 'hostile', logger });
}
tell({ type: 'ready' });
