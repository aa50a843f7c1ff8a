import { budgetText } from '../envelope/budget.ts';
import { decode } from '../envelope/codec.ts';
import { header } from '../envelope/headers.ts';
import { newId } from '../envelope/ids.ts';
import type { JsonObject } from '../envelope/json.ts';
import { MAX_MESSAGE_BYTES } from '../envelope/limits.ts';
import { message } from '../envelope/message.ts';
import { messageTooLarge } from '../envelope/message-too-large.ts';
import { priorityNumber } from '../envelope/priority.ts';
import { exchange, routingKey } from '../transport/topology.ts';
import type { OutgoingMessage } from '../transport/transport.ts';
import type { SubmitOptions } from './options.ts';

export interface JobSpec extends Omit<SubmitOptions, 'files'> {
  readonly flow: string;
  readonly id: string;
  /** Nobody has seen it before. */
  readonly idIsNew: boolean;
  readonly payload: JsonObject;
  readonly context: JsonObject;
  readonly nowMs: number;
  readonly apiKey?: string | undefined;
}

/**
 * The message of a job. Throws UnprocessableError for one that the fleet would refuse unread (its sender would wait for an
 * answer that never comes), ContractError `message_too_large` for one that it would refuse.
 */
export function jobMessage(spec: JobSpec): OutgoingMessage {
  const { flow, payload, context, nowMs, id, deadlineMs } = spec;
  const job = message({
    type: 'job',
    exchange: exchange.jobs,
    routingKey: routingKey.job(flow),
    // One for each submission: it tells the refusal of this one from the result of an earlier one under the same id.
    correlationId: spec.idIsNew ? id : newId(),
    mandatory: true,
    headers: {
      ...(spec.apiKey === undefined ? {} : { [header.apiKey]: spec.apiKey }),
      ...(deadlineMs === undefined
        ? {}
        : { [header.deadline]: new Date(nowMs + deadlineMs).toISOString() }),
      ...(spec.watch ? { [header.watch]: 'true' } : {}),
      ...(spec.flowVersion === undefined ? {} : { [header.flowVersion]: spec.flowVersion }),
      ...(spec.budget === undefined ? {} : { [header.budget]: budgetText(spec.budget) }),
      ...(spec.priority === undefined ? {} : { [header.priority]: priorityNumber(spec.priority) }),
      ...(spec.traceparent === undefined ? {} : { [header.traceparent]: spec.traceparent }),
    },
    envelope: { id, timestamp: new Date(nowMs).toISOString(), payload, context },
  });
  decode('job', job.body, { trust: 'untrusted' });
  const bytes = job.body.byteLength;
  if (bytes > MAX_MESSAGE_BYTES) throw messageTooLarge('The job', { payload, context }, bytes);
  return job;
}
