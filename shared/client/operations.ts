import type { Answer } from '../envelope/envelope.ts';
import { newId } from '../envelope/ids.ts';
import type { JsonObject } from '../envelope/json.ts';
import { message } from '../envelope/message.ts';
import { FleetError } from '../errors/errors.ts';
import { exchange } from '../transport/topology.ts';
import type { MessageHeaders, Transport } from '../transport/transport.ts';
import { withTimeout } from './timeout.ts';
import type { Verb, Verbs } from './verbs.ts';

const DEFAULT_TIMEOUT_MS = 10_000;

/** Questions to the coordinators that wait for their answers. */
export class Operations {
  readonly #transport: Transport;
  readonly #waiting = new Map<string, PromiseWithResolvers<JsonObject>>();

  readonly #headers: MessageHeaders;

  /** `headers` go with each question. */
  constructor(transport: Transport, headers: MessageHeaders = {}) {
    this.#transport = transport;
    this.#headers = headers;
  }

  /** Throws FleetError with the code of a failed answer, or `operation_timeout`. */
  async ask<V extends Verb>(
    verb: V,
    args: Verbs[V]['args'],
    timeoutMs = DEFAULT_TIMEOUT_MS,
  ): Promise<Verbs[V]['answer']> {
    const id = newId();
    const waiting = Promise.withResolvers<JsonObject>();
    this.#waiting.set(id, waiting);
    try {
      const question = message({
        type: 'operation',
        exchange: exchange.operations,
        routingKey: verb,
        correlationId: id,
        headers: this.#headers,
        expirationMs: timeoutMs,
        envelope: {
          id,
          timestamp: new Date().toISOString(),
          payload: args as JsonObject,
          context: {},
        },
      });
      const answer = await withTimeout(
        Promise.all([waiting.promise, this.#transport.publish([question])]).then(([body]) => body),
        timeoutMs,
        () =>
          new FleetError(
            'operation_timeout',
            `No coordinator answered ${verb} in ${timeoutMs} ms.`,
          ),
      );
      // The coordinators are of this project: what they answer is what the table of verbs says.
      return answer as unknown as Verbs[V]['answer'];
    } finally {
      this.#waiting.delete(id);
    }
  }

  answered(answer: Answer, succeeded: boolean): void {
    const waiting = this.#waiting.get(answer.id);
    if (succeeded) waiting?.resolve(answer.payload);
    else {
      const { code, message: sentence } = answer.payload;
      waiting?.reject(new FleetError(String(code), String(sentence)));
    }
  }

  close(error: FleetError): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
  }
}
