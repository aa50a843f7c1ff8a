import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { removeContainers } from './containers.ts';

/** Where test files, each in a process of its own, ask for the server of the run. */
export interface DeskAddress {
  readonly url: string;
  readonly testRun: string;
}

/** How to find a server, and to make and remove a place on it that one test file has to itself. */
export interface Lending<Lent extends { stop(): Promise<void> }> {
  find(testRun: string): Promise<Lent>;
  /** Name of the n-th place. */
  name(count: number): string;
  /** Answers the URL of the new place. */
  add(server: Lent, name: string): Promise<string>;
  remove(server: Lent, name: string): Promise<void>;
}

/**
 * Lends the one broker or database server of a test run to test files, each in a place of its own. The server is looked for
 * when the first file asks; a run without such a file starts nothing. `POST /` lends, `DELETE /<name>` takes back, `PUT /`
 * says that a test starts a private server, to be removed at the end should its process die.
 */
export class Desk<Lent extends { stop(): Promise<void> }> {
  readonly #lending: Lending<Lent>;
  readonly #server: Server;
  /** Of this desk alone: what it cleans up is not another's. */
  readonly #testRun = randomUUID();
  readonly #lent = new Set<string>();
  #found: Promise<Lent> | undefined;
  #count = 0;
  #privateServers = false;

  constructor(lending: Lending<Lent>) {
    this.#lending = lending;
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
    const found = await this.#found?.catch(() => undefined);
    if (found)
      for (const name of this.#lent) await this.#lending.remove(found, name).catch(() => {});
    await found?.stop();
    if (found || this.#privateServers) await removeContainers(this.#testRun);
  }

  async #serve(method: string | undefined, path: string): Promise<object> {
    if (method === 'DELETE') return this.#takeBack(decodeURIComponent(path.slice(1)));
    if (method === 'POST') return this.#lend();
    this.#privateServers = true;
    return {};
  }

  async #lend(): Promise<{ name: string; url: string }> {
    this.#found ??= this.#lending.find(this.#testRun);
    const found = await this.#found;
    this.#count += 1;
    const name = this.#lending.name(this.#count);
    this.#lent.add(name);
    return { name, url: await this.#lending.add(found, name) };
  }

  async #takeBack(name: string): Promise<object> {
    const found = await this.#found;
    if (found && this.#lent.delete(name)) await this.#lending.remove(found, name);
    return {};
  }
}
