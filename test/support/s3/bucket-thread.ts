import { parentPort } from 'node:worker_threads';
import { startFauxqs } from 'fauxqs';

/** An S3 API with one bucket, in a thread of its own: what it keeps in memory is not counted as the test's. */
const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
server.createBucket('artifacts');
parentPort?.on('message', () => {
  server.emptyBucket('artifacts');
  parentPort?.postMessage('empty');
});
parentPort?.postMessage(server.port);
