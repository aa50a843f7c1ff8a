import { connect, createServer, type Server, type Socket } from 'node:net';
import type { NetworkFault } from '../plan/faults.ts';
import { Lane, type Treatment } from './lane.ts';

interface Pair {
  readonly client: Socket;
  readonly broker: Socket;
  readonly toClient: Lane;
  readonly toBroker: Lane;
}

const passing: Treatments = { toClient: 'pass', toBroker: 'pass' };
interface Treatments {
  readonly toClient: Treatment;
  readonly toBroker: Treatment;
}

const treatments: Readonly<Record<Exclude<NetworkFault, 'reset'>, Treatments>> = {
  half_open: { toClient: 'swallow', toBroker: 'swallow' },
  // Publishes go, confirms and deliveries do not come.
  one_way: { toClient: 'swallow', toBroker: 'pass' },
  slice: { toClient: 'slice', toBroker: 'slice' },
  delay: { toClient: 'delay', toBroker: 'delay' },
  drop_confirms: { toClient: 'drop_acks', toBroker: 'pass' },
  drop_acks: { toClient: 'pass', toBroker: 'drop_acks' },
};

/** The way of one process to its broker: a TCP proxy that reads AMQP and does what networks do. */
export class AmqpProxy {
  readonly #server: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #heartbeatSeconds: number;
  readonly #pairs = new Set<Pair>();
  #now = passing;

  static async start(
    target: { readonly host: string; readonly port: number },
    heartbeatSeconds: number,
  ): Promise<AmqpProxy> {
    const proxy = new AmqpProxy(target, heartbeatSeconds);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  private constructor(
    target: { readonly host: string; readonly port: number },
    heartbeatSeconds: number,
  ) {
    this.#target = target;
    this.#heartbeatSeconds = heartbeatSeconds;
    this.#server = createServer((client) => this.#join(client));
  }

  /** The same URL by way of this proxy. */
  url(url: string): string {
    const address = this.#server.address();
    const proxied = new URL(url);
    proxied.hostname = '127.0.0.1';
    proxied.port = String(typeof address === 'object' && address ? address.port : 0);
    return proxied.href;
  }

  /** New connections get the same fault. A reset is over at once. */
  begin(fault: NetworkFault): void {
    if (fault === 'reset') {
      for (const { client, broker } of this.#pairs) {
        client.resetAndDestroy();
        broker.resetAndDestroy();
      }
      return;
    }
    this.#treat(treatments[fault]);
  }

  /**
   * New connections are whole again. One that lost bytes to silence stays silent for ever, as half-open connections do: its
   * ends have to notice. One that lost single frames, which no network does, is reset.
   */
  heal(): void {
    const { toClient, toBroker } = this.#now;
    this.#now = passing;
    for (const pair of this.#pairs) {
      const damaged = pair.toClient.damaged || pair.toBroker.damaged;
      if (!damaged) {
        pair.toClient.treatment = 'pass';
        pair.toBroker.treatment = 'pass';
      } else if (toClient === 'drop_acks' || toBroker === 'drop_acks') {
        pair.client.resetAndDestroy();
        pair.broker.resetAndDestroy();
      }
    }
  }

  async close(): Promise<void> {
    for (const { client, broker } of this.#pairs) {
      client.destroy();
      broker.destroy();
    }
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #treat(now: Treatments): void {
    this.#now = now;
    for (const pair of this.#pairs) {
      pair.toClient.treatment = now.toClient;
      pair.toBroker.treatment = now.toBroker;
    }
  }

  #join(client: Socket): void {
    const broker = connect(this.#target);
    const pair: Pair = {
      client,
      broker,
      toClient: new Lane('broker', client, this.#heartbeatSeconds),
      toBroker: new Lane('client', broker, this.#heartbeatSeconds),
    };
    pair.toClient.treatment = this.#now.toClient;
    pair.toBroker.treatment = this.#now.toBroker;
    this.#pairs.add(pair);
    client.setNoDelay(true);
    broker.setNoDelay(true);
    client.on('data', (bytes) => pair.toBroker.push(bytes));
    broker.on('data', (bytes) => pair.toClient.push(bytes));
    client.on('error', () => {});
    broker.on('error', () => {});
    // Where bytes are swallowed the other end is told nothing; it has to find out by its heartbeat.
    client.on('close', () => {
      if (pair.toBroker.treatment !== 'swallow') broker.destroy();
      if (broker.destroyed) this.#pairs.delete(pair);
    });
    broker.on('close', () => {
      if (pair.toClient.treatment !== 'swallow') client.destroy();
      if (client.destroyed) this.#pairs.delete(pair);
    });
  }
}
