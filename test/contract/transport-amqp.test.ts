import { connectAmqp } from '../../shared/transport/amqp/transport.ts';
import { testBroker } from '../support/broker.ts';
import { transportContract } from './transport.contract.ts';

transportContract(
  'RabbitMQ',
  async () => {
    const broker = await testBroker();
    return {
      userId: new URL(broker.url).username,
      connect: (events = {}) => connectAmqp({ url: broker.url, ...events }),
      stop: () => broker.stop(),
    };
  },
  { durable: true },
);
