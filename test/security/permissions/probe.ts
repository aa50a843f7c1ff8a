import { once } from 'node:events';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';

/** One thing that a user of the broker tries. */
export type Probe =
  | {
      readonly operation:
        | 'declare queue'
        | 'delete queue'
        | 'purge'
        | 'get'
        | 'consume'
        | 'declare exchange'
        | 'delete exchange';
      readonly name: string;
    }
  /** Messages that the own queue gives up would go to the exchange. */
  | { readonly operation: 'dead-letter to'; readonly name: string; readonly exchange: string }
  | {
      readonly operation: 'publish';
      readonly exchange: string;
      readonly key: string;
      readonly userId?: string;
    }
  | {
      readonly operation: 'bind' | 'unbind';
      readonly queue: string;
      readonly exchange: string;
      readonly key: string;
    }
  | {
      readonly operation: 'bind exchange';
      readonly destination: string;
      readonly source: string;
      readonly key: string;
    };

export type Verdict = 'allowed' | 'refused';

/** Tries probes as one user: on one connection, with a new channel after each that the broker closed. */
export class Prober {
  readonly #connection: ChannelModel;
  #channel: ConfirmChannel | undefined;
  #closed: Promise<Error> = Promise.reject();

  static async connect(url: string): Promise<Prober> {
    // A closed channel and the next one cross on the wire; Nagle's algorithm would wait 40 ms each time.
    return new Prober(await connect(url, { noDelay: true }));
  }

  private constructor(connection: ChannelModel) {
    this.#connection = connection;
    this.#closed.catch(() => {});
    connection.on('error', () => {});
  }

  /** Refused is what the broker answers with 403, or 406 for another's user-id. Whatever else it says, it would have done it. */
  async try(probe: Probe): Promise<Verdict> {
    const channel = this.#channel ?? (await this.#open());
    const asked = ask(channel, probe).then(() => undefined, toError);
    const closed = await Promise.race([asked, this.#closed]);
    if (closed === undefined) return 'allowed';
    this.#channel = undefined;
    return isRefusal(closed) ? 'refused' : 'allowed';
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #open(): Promise<ConfirmChannel> {
    const channel = await this.#connection.createConfirmChannel();
    this.#channel = channel;
    this.#closed = once(channel, 'error').then(([error]) => toError(error));
    return channel;
  }
}

async function ask(channel: ConfirmChannel, probe: Probe): Promise<unknown> {
  switch (probe.operation) {
    case 'declare queue':
      return channel.assertQueue(probe.name, { exclusive: true, durable: false });
    case 'dead-letter to':
      return channel.assertQueue(probe.name, {
        exclusive: true,
        durable: false,
        deadLetterExchange: probe.exchange,
      });
    case 'delete queue':
      return channel.deleteQueue(probe.name);
    case 'purge':
      return channel.purgeQueue(probe.name);
    case 'get':
      return channel.get(probe.name);
    case 'consume': {
      const { consumerTag } = await channel.consume(probe.name, () => {});
      return channel.cancel(consumerTag);
    }
    case 'declare exchange':
      return channel.assertExchange(probe.name, 'topic', { durable: false, autoDelete: true });
    case 'delete exchange':
      return channel.deleteExchange(probe.name);
    case 'bind':
      return channel.bindQueue(probe.queue, probe.exchange, probe.key);
    case 'unbind':
      return channel.unbindQueue(probe.queue, probe.exchange, probe.key);
    case 'bind exchange':
      return channel.bindExchange(probe.destination, probe.source, probe.key);
    case 'publish': {
      const { userId } = probe;
      channel.publish(
        probe.exchange,
        probe.key,
        Buffer.from('{}'),
        userId === undefined ? {} : { userId },
      );
      return channel.waitForConfirms();
    }
  }
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function isRefusal(error: Error): boolean {
  const code = 'code' in error ? error.code : undefined;
  return code === 403 || (code === 406 && error.message.includes('user_id'));
}
