import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectClient } from '../../../shared/client/client.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { runChain } from '../chain.ts';
import { type System, startProcess, stopProcess } from '../system.ts';

/** The fleet over RabbitMQ: a coordinator and a worker process, and this process as the client. */
export async function startFleet(url: string): Promise<System> {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-bench-'));
  const coordinator = new URL('./coordinator.ts', import.meta.url);
  const worker = new URL('./worker.ts', import.meta.url);
  const children = await Promise.all([
    startProcess(coordinator, [url, join(folder, 'bench.db')]),
    startProcess(worker, [url]),
  ]);
  const transport = await connectAmqp({ url });
  const client = await connectClient({ transport });
  return {
    runOne: runChain(client),
    async stop() {
      await client.close();
      await transport.close();
      await Promise.all(children.map(stopProcess));
      await rm(folder, { recursive: true });
    },
  };
}
