import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { openBucket } from '../../../shared/artifacts/s3/client.ts';
import { openS3Store, type S3StoreOptions } from '../../../shared/artifacts/s3/s3-store.ts';
import { type FaultyServer, startFaultyServer } from './faulty-server.ts';

/** A bucket behind a server that fails on demand. */
export interface TestBucket {
  readonly server: FaultyServer;
  readonly options: Pick<
    S3StoreOptions,
    'bucket' | 'region' | 'endpoint' | 'pathStyle' | 'credentials'
  >;
  openStore(options?: Partial<S3StoreOptions>): ReturnType<typeof openS3Store>;
  /** Puts any bytes under any key, as somebody else with access to the bucket. */
  putObject(key: string, bytes: Uint8Array): Promise<void>;
  empty(): Promise<void>;
  stop(): Promise<void>;
}

export async function startTestBucket(): Promise<TestBucket> {
  const thread = new Worker(new URL('./bucket-thread.ts', import.meta.url));
  const [port] = (await once(thread, 'message')) as [number];
  const server = await startFaultyServer(port);
  const options = {
    bucket: 'artifacts',
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${server.port}`,
    pathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test-secret' },
  };
  return {
    server,
    options,
    openStore: (more = {}) => openS3Store({ ...options, ...more }),
    async putObject(key, bytes) {
      const bucket = openBucket({
        ...options,
        connectTimeoutMs: 5_000,
        silenceMs: 30_000,
        attempts: 1,
      });
      const signal = new AbortController().signal;
      await bucket.putObject(key, bytes, 'application/octet-stream', signal);
      bucket.close();
    },
    async empty() {
      thread.postMessage('empty');
      await once(thread, 'message');
    },
    async stop() {
      await server.stop();
      await thread.terminate();
    },
  };
}
