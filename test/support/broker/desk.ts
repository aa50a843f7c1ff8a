import { createServer, type Server } from 'node:http';
import { removeContainers } from './container.ts';
import { findBroker } from './find.ts';
import type { RunningBroker } from './running-broker.ts';

/** Where test files, each in a process of its own, ask for the broker of the run. */
export interface DeskAddress {
  readonly url: string;
  readonly testRun: string;
}

/**
 * Lends the one broker of a test run to test files, each in a virtual host of its own. The broker is looked for when the
 * first file asks; a run without such a file starts nothing. `POST /` lends, `DELETE /<vhost>` takes back, `PUT /` says that
 * a test starts a private broker, to be removed at the end should its process die.
 */
export class BrokerDesk {
  readonly #server: Server;
  readonly #testRun = `${process.pid}-${Date.now()}`;
  readonly #lent = new Set<string>();
  #broker: Promise<RunningBroker> | undefined;
  #count = 0;
  #privateBrokers = false;

  constructor() {
    this.#server = createServer((request, response) => {
      const work = this.#serve(request.method, request.url ?? '');
      work.then(
        (answer) => response.end(JSON.stringify(answer)),
        (error: unknown) => {
          response.statusCode = 503;
          response.end(error instanceof Error ? error.message : String(error));
        },
      );
    });
  }

  async open(): Promise<DeskAddress> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    return { url: `http://127.0.0.1:${port}`, testRun: this.#testRun };
  }

  /** Takes everything back and ends what was started, also when tests failed or their processes died. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    const broker = await this.#broker?.catch(() => undefined);
    for (const vhost of this.#lent) await broker?.removeVhost(vhost).catch(() => {});
    await broker?.stop();
    if (broker || this.#privateBrokers) await removeContainers(this.#testRun);
  }

  async #serve(method: string | undefined, path: string): Promise<object> {
    if (method === 'DELETE') return this.#takeBack(path);
    if (method === 'POST') return this.#lend();
    this.#privateBrokers = true;
    return {};
  }

  async #lend(): Promise<{ vhost: string; url: string }> {
    this.#broker ??= findBroker(this.#testRun);
    const broker = await this.#broker;
    this.#count += 1;
    const vhost = `flotilla-test-${process.pid}-${this.#count}`;
    this.#lent.add(vhost);
    return { vhost, url: await broker.addVhost(vhost) };
  }

  async #takeBack(path: string): Promise<object> {
    const vhost = decodeURIComponent(path.slice(1));
    const broker = await this.#broker;
    if (broker && this.#lent.delete(vhost)) await broker.removeVhost(vhost);
    return {};
  }
}
