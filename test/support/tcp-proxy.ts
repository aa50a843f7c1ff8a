import { connect, createServer, type Server, type Socket } from 'node:net';

interface Pair {
  /** Number of the connection, from 1. */
  readonly connection: number;
  readonly client: Socket;
  readonly broker: Socket;
}

/**
 * A TCP proxy in front of a broker that can do to a connection what networks do: fall silent in one or both directions,
 * or reset.
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #onData: (fromClient: Buffer, connection: number) => void;
  #port = 0;
  #connections = 0;
  #toClient = true;
  #toBroker = true;
  #accepting = true;

  /** `onData` sees what clients send. */
  static async start(
    target: { readonly host: string; readonly port: number },
    onData: (fromClient: Buffer, connection: number) => void = () => {},
  ): Promise<TcpProxy> {
    const proxy = new TcpProxy(target, onData);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    const address = proxy.#server.address();
    proxy.#port = typeof address === 'object' && address ? address.port : 0;
    return proxy;
  }

  private constructor(
    target: { readonly host: string; readonly port: number },
    onData: (fromClient: Buffer, connection: number) => void,
  ) {
    this.#onData = onData;
    this.#server = createServer((client) => {
      if (!this.#accepting) {
        client.destroy();
        return;
      }
      this.#connections += 1;
      this.#join(client, connect(target), this.#connections);
    });
  }

  get port(): number {
    return this.#port;
  }

  /** Connections accepted so far. */
  get connections(): number {
    return this.#connections;
  }

  /** The same URL by way of this proxy. */
  url(url: string): string {
    const proxied = new URL(url);
    proxied.hostname = '127.0.0.1';
    proxied.port = String(this.#port);
    return proxied.href;
  }

  /** Swallows bytes without closing anything: a half-open connection. New connections are swallowed too. */
  silence(direction: 'to-client' | 'both'): void {
    this.#toClient = false;
    if (direction === 'both') this.#toBroker = false;
  }

  /** New bytes pass again; what was swallowed is lost, so old connections are useless. */
  heal(): void {
    this.#toClient = true;
    this.#toBroker = true;
    this.#accepting = true;
  }

  /** Resets every connection. */
  reset(): void {
    for (const { client, broker } of this.#pairs) {
      client.resetAndDestroy();
      broker.resetAndDestroy();
    }
  }

  /** Resets every connection and refuses new ones, until `heal`. */
  refuse(): void {
    this.#accepting = false;
    this.reset();
  }

  /** Says something to a client as if the broker had said it. */
  say(bytes: Buffer, connection: number): void {
    for (const pair of this.#pairs) if (pair.connection === connection) pair.client.write(bytes);
  }

  async close(): Promise<void> {
    this.reset();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, broker: Socket, connection: number): void {
    const pair: Pair = { connection, client, broker };
    this.#pairs.add(pair);
    client.setNoDelay(true);
    broker.setNoDelay(true);
    client.on('data', (bytes) => {
      if (!this.#toBroker) return;
      this.#onData(bytes, connection);
      broker.write(bytes);
    });
    broker.on('data', (bytes) => {
      if (this.#toClient) client.write(bytes);
    });
    const end = () => {
      // A silenced proxy tells nobody that the other side has gone.
      if (!this.#toClient) return;
      this.#pairs.delete(pair);
      client.destroy();
      broker.destroy();
    };
    for (const socket of [client, broker]) {
      socket.on('error', () => {});
      socket.on('close', end);
    }
  }
}
