import { header } from '../envelope/headers.ts';
import { UnprocessableError } from '../errors/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { logRefused } from '../telemetry/refusal-log.ts';
import { exchange } from '../transport/topology.ts';
import type { ConsumeOptions, Delivery, Transport, Verdict } from '../transport/transport.ts';
import type { KeyStore } from './key-store.ts';
import { open } from './open.ts';
import { seal } from './seal.ts';
import type { Identity } from './spoke.ts';

export interface SecuredOptions {
  readonly identity: Identity;
  readonly keys: KeyStore;
  /** True: jobs may come without a token, and operations with an API key alone. */
  readonly unsignedJobs: boolean;
  readonly logger: Logger;
  /** Milliseconds since 1970. Default: this host's clock. */
  readonly now?: () => number;
}

/**
 * A transport whose messages are signed when they leave and checked when they come. Whoever opens a delivery that was refused
 * throws why: it is parked with that code as everything is that cannot be read.
 */
export function securedTransport(transport: Transport, options: SecuredOptions): Transport {
  const { identity, keys } = options;
  const now = options.now ?? Date.now;
  const judge = judgeOf(options, now);
  const checked = (queue: string, consuming: ConsumeOptions): ConsumeOptions => ({
    ...consuming,
    onBatch(deliveries) {
      judge(deliveries, queue);
      return consuming.onBatch(deliveries);
    },
  });
  return {
    durable: transport.durable,
    get state() {
      return transport.state;
    },
    userId: identity.party === 'client' ? identity.name : transport.userId,
    publish: (messages) =>
      transport.publish(messages.map((message) => seal(message, identity, keys.ring, now()))),
    consume: (queue, consuming) => transport.consume(queue, checked(queue, consuming)),
    consumeExclusive: (queue, consuming) =>
      transport.consumeExclusive(queue, checked(queue.name, consuming)),
    declareWorkQueue: (model, version) => transport.declareWorkQueue(model, version),
    readyCount: (queue) => transport.readyCount(queue),
    async close() {
      keys.close();
      await transport.close();
    },
  };
}

type Judge = (deliveries: readonly Delivery[], queue: string) => void;

function judgeOf(
  { identity, keys, unsignedJobs, logger }: SecuredOptions,
  now: () => number,
): Judge {
  const verdictOn = (delivery: Delivery): Verdict => {
    try {
      const { writer, spoke } = open(delivery, identity, keys.ring, now());
      return { writer: writer.name, spoke };
    } catch (error) {
      if (!(error instanceof UnprocessableError)) throw error;
      return { refused: error };
    }
  };
  return (deliveries, queue) => {
    const unknown: Delivery[] = [];
    for (const delivery of deliveries) {
      // The transport did not believe its sender.
      if (codeIn(delivery) !== undefined) continue;
      if (unsignedJobs && mayBeUnsigned(delivery)) continue;
      delivery.verdict = verdictOn(delivery);
      if (codeIn(delivery) === 'unknown_key') unknown.push(delivery);
    }
    // A key that was made since the keys were read.
    if (unknown.length > 0 && keys.readAgain()) {
      for (const delivery of unknown) delivery.verdict = verdictOn(delivery);
    }
    for (const delivery of deliveries) {
      const code = codeIn(delivery);
      if (code === undefined) continue;
      const { exchange: name, routingKey, messageId } = delivery;
      const refused = { what: 'message refused', queue, code };
      logRefused(logger, { ...refused, exchange: name, routingKey, messageId });
    }
  };
}

function codeIn({ verdict }: Delivery): string | undefined {
  return verdict !== undefined && 'refused' in verdict ? verdict.refused.code : undefined;
}

/** A job may come from any AMQP client; an operation at least shows an API key. */
function mayBeUnsigned({ exchange: name, headers }: Delivery): boolean {
  if (headers[header.token] !== undefined) return false;
  if (name === exchange.jobs) return true;
  return name === exchange.operations && headers[header.apiKey] !== undefined;
}
