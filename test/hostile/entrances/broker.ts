import {
  type Channel,
  type ChannelModel,
  type ConfirmChannel,
  type ConsumeMessage,
  connect,
} from 'amqplib';
import { newId } from '../../../shared/envelope/ids.ts';
import { exchange } from '../../../shared/transport/topology.ts';
import type { CaseIds, MessageCase } from '../corpus/case.ts';
import { addressOf, textOf } from '../corpus/envelopes.ts';
import { Observations } from '../corpus/observations.ts';
import type { FromFleet } from '../fleet/protocol.ts';

/** A case that nothing is heard of within this time has failed. */
const OUTCOME_MS = 60_000;
const RECORDED = 50;

/**
 * The broker as an attacker uses it: any bytes with any properties to any exchange, and ears on everything that comes of it. Outcomes:
 * - `parked <code>`: it is in the dead letters, unread;
 * - `refused <code>`: its client was told no; `answered <code>`: a worker did;
 * - `ignored <code>`: it was logged and changed nothing;
 * - `succeeded`, for some flows with how;
 * - `refused by the broker`; `nothing`, when nothing is heard of it.
 */
export class HostileClient {
  readonly #connection: ChannelModel;
  readonly #seen = new Observations();
  readonly #recorded = new Map<string, string[]>();
  /** Codes under which anything was parked unread. */
  readonly parkedCodes = new Set<string>();
  #channel: ConfirmChannel;
  #refused: (() => void) | undefined;

  static async connect(url: string): Promise<HostileClient> {
    const connection = await connect(url);
    connection.on('error', () => {});
    const client = new HostileClient(connection, await connection.createConfirmChannel());
    client.#watch();
    await client.#listen(await connection.createChannel());
    return client;
  }

  private constructor(connection: ChannelModel, channel: ConfirmChannel) {
    this.#connection = connection;
    this.#channel = channel;
  }

  /** Publishes a case and answers what became of it. */
  async run(hostile: MessageCase, ids: CaseIds): Promise<string> {
    const { entrance, times = 1 } = hostile;
    if (times > 1) await this.run({ ...hostile, times: times - 1 }, ids);
    const { body, routingKey, properties } = hostile.message(ids);
    const address = addressOf(entrance, ids);
    const key = routingKey ?? address.routingKey;
    this.#seen.clear();
    const accepted = await this.#publish(address.exchange, key, body, {
      contentType: 'application/json',
      correlationId: ids.id,
      messageId: ids.id,
      ...(entrance === 'letter' ? { headers: { 'flotilla-reason': reasonOf(ids) } } : {}),
      ...properties,
    });
    if (!accepted) return 'refused by the broker';
    if (entrance === 'letter') return this.#replay(ids);
    return this.#seen.first(keysOf(hostile, ids, key), OUTCOME_MS);
  }

  /** Publishes without waiting for what becomes of it. */
  async send(entrance: MessageCase['entrance'], ids: CaseIds, body: Uint8Array): Promise<void> {
    const { exchange: to, routingKey } = addressOf(entrance, ids);
    await this.#publish(to, routingKey, body, { contentType: 'application/json' });
  }

  /** Good messages of this entrance that were seen at the beginning. */
  recorded(entrance: MessageCase['entrance']): readonly string[] {
    return this.#recorded.get(entrance) ?? [];
  }

  /** What the fleet's log says. A run is named in lines about its dead letters too, which are no answer to a case. */
  hear({ code, about: [run, ...names] }: FromFleet & { readonly type: 'log' }): void {
    const told = code === 'unknown_correlation' ? [run, ...names] : names;
    for (const name of told) {
      if (typeof name === 'string') this.#seen.note(`log/${name}`, `ignored ${code}`);
    }
  }

  /** Asks an operator's question; answers `refused <code>` or the answer itself. */
  async ask(verb: string, payload: object): Promise<string> {
    const id = newId();
    const question = textOf(
      'operation',
      { id, run: id, artifactFolder: '' },
      { instead: { payload: JSON.stringify(payload) } },
    );
    await this.#publish(exchange.operations, verb, Buffer.from(question), { correlationId: id });
    return this.#seen.first([id], OUTCOME_MS);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** A letter is found by the reason that it came with, and somebody tries to let its run go on. */
  async #replay(ids: CaseIds): Promise<string> {
    for (;;) {
      const found = await this.ask('dead.list', { code: reasonOf(ids) });
      const [, id] = /"id":"([^"]+)"/.exec(found) ?? [];
      if (id !== undefined) return this.ask('dead.replay', { id });
      if (!found.startsWith('{')) return found;
    }
  }

  async #publish(to: string, key: string, body: Uint8Array, properties: object): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#refused = () => resolve(false);
    this.#channel.publish(to, key, Buffer.from(body), properties, (error) => {
      if (!error) resolve(true);
    });
    const accepted = await promise;
    if (!accepted) {
      this.#channel = await this.#connection.createConfirmChannel();
      this.#watch();
    }
    return accepted;
  }

  #watch(): void {
    this.#channel.on('error', () => this.#refused?.());
  }

  async #listen(channel: Channel): Promise<void> {
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, exchange.dead, '#');
    await channel.bindQueue(queue, exchange.results, '#');
    await channel.bindQueue(queue, exchange.replies, '#');
    await channel.bindQueue(queue, exchange.jobs, '#');
    await channel.bindQueue(queue, exchange.work, '#');
    await channel.consume(queue, (message) => message && this.#notice(message), { noAck: true });
  }

  /** The first ones: later ones are hostile. */
  #record(from: string, content: Buffer): void {
    const entrance = recordedAt[from];
    if (entrance === undefined) return;
    const known = this.#recorded.get(entrance) ?? [];
    this.#recorded.set(entrance, known);
    if (known.length < RECORDED) known.push(content.toString());
  }

  #notice({ fields, properties, content }: ConsumeMessage): void {
    const correlationId = String(properties.correlationId);
    this.#record(fields.exchange, content);
    if (fields.exchange === exchange.jobs || fields.exchange === exchange.work) return;
    if (fields.exchange === exchange.dead) {
      const code = properties.headers?.['flotilla-reason'];
      // Failed steps are there too, under whatever code their model gave.
      if (fields.routingKey === 'unprocessable') this.parkedCodes.add(String(code));
      // A letter of a case's own is no answer to it.
      if (!String(code).startsWith('case_')) this.#seen.note(correlationId, `parked ${code}`);
    } else if (fields.exchange === exchange.replies) {
      const { outcome } = bodyOf(content);
      if (outcome?.code) this.#seen.note(correlationId, `answered ${outcome.code}`);
    } else {
      this.#seen.note(correlationId, endingOf(fields.routingKey, bodyOf(content)));
    }
  }
}

/** Where the outcome of a case is looked for: what nobody answers is logged. */
function keysOf(hostile: MessageCase, { id, run }: CaseIds, key: string): string[] {
  switch (hostile.entrance) {
    case 'request':
      return [id, run];
    case 'reply':
      return [id, `log/${run}`];
    case 'progress':
      return [`log/${id}`];
    case 'announcement':
    case 'control':
      // What a token is refused for is logged with the message's id.
      return ['signed' in hostile ? `log/${id}` : `log/${key}`];
    default:
      return [id];
  }
}

const recordedAt: Readonly<Record<string, MessageCase['entrance']>> = {
  [exchange.jobs]: 'job',
  [exchange.work]: 'request',
  [exchange.replies]: 'reply',
};

interface Body {
  readonly payload?: { readonly code?: string; readonly rounds?: number };
  readonly run?: {
    readonly status: string;
    readonly steps: object;
    readonly error?: { code: string };
  };
  readonly outcome?: { readonly code?: string };
}

function bodyOf(content: Buffer): Body {
  try {
    return JSON.parse(content.toString()) ?? {};
  } catch {
    return {};
  }
}

/** How a job or an operation ended, as its client is told. */
function endingOf(routingKey: string, { payload, run }: Body): string {
  if (routingKey.startsWith('operation.succeeded')) return JSON.stringify(payload);
  if (run === undefined) return `refused ${payload?.code}`;
  if (run.status !== 'succeeded') return `refused ${run.error?.code}`;
  if (routingKey.startsWith('orders.')) return `succeeded by ${Object.keys(run.steps).at(-1)}`;
  if (routingKey.startsWith('endless.')) return `succeeded after ${payload?.rounds} rounds`;
  return 'succeeded';
}

function reasonOf({ id }: CaseIds): string {
  return `case_${id.replaceAll('-', '_')}`;
}
