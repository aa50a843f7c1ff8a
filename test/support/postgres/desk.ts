import { createServer, type Server } from 'node:http';
import { removeContainers } from './container.ts';
import { findPostgres } from './find.ts';
import type { RunningPostgres } from './running-postgres.ts';

/** Where test files, each in a process of its own, ask for the PostgreSQL of the run. */
export interface PostgresDeskAddress {
  readonly url: string;
  readonly testRun: string;
}

/**
 * Lends the one PostgreSQL of a test run to test files, each in a database of its own. The server is looked for when the first
 * file asks; a run without such a file starts nothing. `POST /` lends, `DELETE /<database>` takes back, `PUT /` says that a
 * test starts a private server, to be removed at the end should its process die.
 */
export class PostgresDesk {
  readonly #server: Server;
  readonly #testRun = `${process.pid}-${Date.now()}`;
  readonly #lent = new Set<string>();
  #postgres: Promise<RunningPostgres> | undefined;
  #count = 0;
  #privateServers = false;

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

  async open(): Promise<PostgresDeskAddress> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    return { url: `http://127.0.0.1:${port}`, testRun: this.#testRun };
  }

  /** Takes everything back and ends what was started, also when tests failed or their processes died. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    const postgres = await this.#postgres?.catch(() => undefined);
    for (const name of this.#lent) await postgres?.removeDatabase(name).catch(() => {});
    await postgres?.stop();
    if (postgres || this.#privateServers) await removeContainers(this.#testRun);
  }

  async #serve(method: string | undefined, path: string): Promise<object> {
    if (method === 'DELETE') return this.#takeBack(decodeURIComponent(path.slice(1)));
    if (method === 'POST') return this.#lend();
    this.#privateServers = true;
    return {};
  }

  async #lend(): Promise<{ name: string; url: string }> {
    this.#postgres ??= findPostgres(this.#testRun);
    const postgres = await this.#postgres;
    this.#count += 1;
    const name = `flotilla_test_${process.pid}_${this.#count}`;
    this.#lent.add(name);
    return { name, url: await postgres.addDatabase(name) };
  }

  async #takeBack(name: string): Promise<object> {
    const postgres = await this.#postgres;
    if (postgres && this.#lent.delete(name)) await postgres.removeDatabase(name);
    return {};
  }
}
