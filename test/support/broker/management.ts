import { eventually } from '../eventually.ts';

/** The part of RabbitMQ's management API that tests need. */
export class ManagementApi {
  readonly #url: string;
  readonly #username: string;
  readonly #authorization: string;

  /** `url`: `http://host:port`. */
  constructor(url: string, username: string, password: string) {
    this.#url = url.replace(/\/$/, '');
    this.#username = username;
    this.#authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }

  /** True when it answers and the user may make virtual hosts. */
  async usable(): Promise<boolean> {
    try {
      const answer = await this.#call('GET', '/api/whoami');
      return JSON.stringify(await answer.json()).includes('administrator');
    } catch {
      return false;
    }
  }

  /** Waits until the broker listens for AMQP on its port (the one it sees itself). */
  async listening(port: number): Promise<void> {
    const path = `/api/health/checks/port-listener/${port}`;
    await eventually(() => this.#call('GET', path), { timeoutMs: 90_000, intervalMs: 100 });
  }

  async addVhost(name: string): Promise<void> {
    const vhost = encodeURIComponent(name);
    await this.#call('PUT', `/api/vhosts/${vhost}`, {});
    const everything = { configure: '.*', write: '.*', read: '.*' };
    const user = encodeURIComponent(this.#username);
    await this.#call('PUT', `/api/permissions/${vhost}/${user}`, everything);
  }

  async removeVhost(name: string): Promise<void> {
    await this.#call('DELETE', `/api/vhosts/${encodeURIComponent(name)}`);
  }

  async importDefinitions(definitions: object): Promise<void> {
    await this.#call('POST', '/api/definitions', definitions);
  }

  async #call(method: string, path: string, body?: object): Promise<Response> {
    const answer = await fetch(this.#url + path, {
      method,
      headers: { authorization: this.#authorization, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }
}
