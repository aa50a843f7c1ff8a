import type { ConsumeOptions, Transport } from '../../../shared/transport/transport.ts';

/** How long a batch of deliveries took, from when it was handed out until it was dealt with. */
export interface Took {
  readonly ms: number;
  /** Of the processor, on this thread. */
  readonly cpuMs: number;
}

/** The transport, with each batch of deliveries timed. */
export function timedTransport(transport: Transport, took: (took: Took) => void): Transport {
  const timed = (options: ConsumeOptions): ConsumeOptions => ({
    ...options,
    onBatch: async (deliveries) => {
      const fromMs = performance.now();
      const fromCpu = process.threadCpuUsage();
      try {
        await options.onBatch(deliveries);
      } finally {
        const { user, system } = process.threadCpuUsage(fromCpu);
        took({ ms: performance.now() - fromMs, cpuMs: (user + system) / 1_000 });
      }
    },
  });
  return {
    durable: transport.durable,
    userId: transport.userId,
    get state() {
      return transport.state;
    },
    publish: (messages) => transport.publish(messages),
    consume: (queue, options) => transport.consume(queue, timed(options)),
    consumeExclusive: (queue, options) => transport.consumeExclusive(queue, timed(options)),
    declareWorkQueue: (model, version) => transport.declareWorkQueue(model, version),
    readyCount: (queue) => transport.readyCount(queue),
    close: () => transport.close(),
  };
}
