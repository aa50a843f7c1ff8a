import { MemoryBroker } from '../../shared/transport/memory/broker.ts';
import { connectMemory } from '../../shared/transport/memory/transport.ts';
import { transportContract } from './transport.contract.ts';

transportContract(
  'memory',
  async () => {
    const broker = new MemoryBroker();
    return {
      userId: undefined,
      connect: async (events = {}) => connectMemory(broker, events),
      stop: async () => {},
    };
  },
  { durable: false },
);
