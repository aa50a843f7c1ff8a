import { z } from 'zod';
import type { Control } from '../envelope/envelope.ts';
import { newId } from '../envelope/ids.ts';
import type { JsonObject } from '../envelope/json.ts';
import { cancelSchema, type Held, heldSchema, type Manifest } from '../envelope/manifest.ts';
import { message } from '../envelope/message.ts';
import { openDelivery } from '../envelope/open-delivery.ts';
import { FleetError } from '../errors/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { logRefused } from '../telemetry/refusal-log.ts';
import { controlQueueName, exchange, routingKey } from '../transport/topology.ts';
import type {
  Delivery,
  ExclusiveQueue,
  OutgoingMessage,
  Transport,
} from '../transport/transport.ts';
import type { Clock } from './active-call.ts';
import type { CallFilter } from './cancelled-calls.ts';

/** Payload of `state.<model>`: whether its workers take work. */
const stateSchema = z.object({ paused: z.boolean() });

/** Words for a worker that come too late are worth nothing. */
const MAX_WAITING = 1_000;

/** The control queue of one worker process. */
export function controlQueue(model: string, instance: string): ExclusiveQueue {
  const { ask, cancel, state, held } = routingKey;
  const keys = [ask(model), cancel(model), state(model), held(model)];
  return {
    name: controlQueueName(model, instance),
    bindings: keys.map((key) => ({ exchange: exchange.control, routingKey: key })),
    maxLength: MAX_WAITING,
  };
}

/** What a worker does when it is told to. */
export interface ControlActions {
  announce(): void;
  cancel(filter: CallFilter): number;
  pause(paused: boolean): Promise<void>;
  /** Another worker of the model, or this one itself, has told what it holds. */
  hear(held: Held): void;
}

/** Obeys one control message. Never throws: one that cannot be read is logged and forgotten. */
export async function obey(
  delivery: Delivery,
  model: string,
  actions: ControlActions,
  logger: Logger,
): Promise<void> {
  try {
    const { payload }: Control = openDelivery('control', delivery);
    if (delivery.routingKey === routingKey.ask(model)) {
      actions.announce();
    } else if (delivery.routingKey === routingKey.cancel(model)) {
      const filter = cancelSchema.parse(payload);
      const calls = actions.cancel(filter);
      if (calls > 0) logger.info({ model, run: filter.run, calls }, 'calls cancelled');
    } else if (delivery.routingKey === routingKey.held(model)) {
      actions.hear(heldSchema.parse(payload));
    } else if (delivery.routingKey === routingKey.state(model)) {
      const { paused } = stateSchema.parse(payload);
      await actions.pause(paused);
      logger.info({ model, paused }, paused ? 'paused' : 'resumed');
    }
  } catch (error) {
    const code = error instanceof FleetError ? error.code : 'schema_invalid';
    const ignored = { what: 'control message ignored', queue: 'control' };
    logRefused(logger, { ...ignored, model, routingKey: delivery.routingKey, code });
  }
}

/** What a worker says to whoever listens. Throws where it is no JSON. */
export function word(key: string, payload: JsonObject, nowMs: number): OutgoingMessage {
  return message({
    type: 'control',
    exchange: exchange.control,
    routingKey: key,
    persistent: false,
    envelope: { id: newId(), timestamp: new Date(nowMs).toISOString(), payload, context: {} },
  });
}

/** Announces a model at once and every `intervalMs`; nobody waits for it, and what is lost is said again. */
export class Announcer {
  readonly #transport: Transport;
  readonly #manifest: Manifest;
  readonly #clock: Clock;
  #timer: NodeJS.Timeout | undefined;

  constructor(transport: Transport, manifest: Manifest, clock: Clock) {
    this.#transport = transport;
    this.#manifest = manifest;
    this.#clock = clock;
  }

  start(intervalMs: number): void {
    this.announce();
    this.#timer = setInterval(() => this.announce(), intervalMs).unref();
  }

  announce(): void {
    const payload = JSON.parse(JSON.stringify(this.#manifest));
    const announcement = word(
      routingKey.announced(this.#manifest.name),
      payload,
      this.#clock.now(),
    );
    this.#transport.publish([announcement]).catch(() => {});
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
