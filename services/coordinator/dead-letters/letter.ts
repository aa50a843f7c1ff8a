import { createHash } from 'node:crypto';
import { decode } from '../../../shared/envelope/codec.ts';
import type { Request, StepBlock } from '../../../shared/envelope/envelope.ts';
import { header } from '../../../shared/envelope/headers.ts';
import { messageIdOf } from '../../../shared/envelope/ids.ts';
import type { JsonObject, JsonValue } from '../../../shared/envelope/json.ts';
import { MAX_MESSAGE_BYTES } from '../../../shared/envelope/limits.ts';
import { deathHeader } from '../../../shared/transport/broker-headers.ts';
import { workQueueName } from '../../../shared/transport/topology.ts';
import type { Delivery } from '../../../shared/transport/transport.ts';
import type { DeadLetterRow } from '../store/store.ts';
import { redact, redactPlainText } from './redact.ts';

/** A message of the dead queues, read. */
export interface Letter {
  readonly row: DeadLetterRow;
  /** The broker gave up the request of this attempt: nobody will ever answer it. */
  readonly lost?: LostAttempt;
}

export interface LostAttempt {
  readonly run: string;
  readonly path: string;
  readonly attempt: number;
  readonly code: string;
  readonly message: string;
}

const MAX_BODY_BYTES = 16 * 1024;
const MAX_SENTENCE = 1_024;
/** A larger input is not kept here: the run it belongs to can compute it again. */
const MAX_INPUT_BYTES = 64 * 1024;

/** What the broker says of a message that it gave up. */
const deaths: Readonly<Record<string, string>> = {
  delivery_limit:
    'It was delivered again and again and never answered: workers died of it, or gave it back.',
  expired: 'Nobody took it in time.',
  rejected: 'A consumer refused it.',
  maxlen: 'Its queue was full.',
};

/** What a message of `dead.failed` or `dead.unprocessable` is. Pure; never throws, whatever the bytes are. */
export function letterOf(delivery: Delivery, nowMs: number): Letter {
  const readable = delivery.body.byteLength <= MAX_MESSAGE_BYTES;
  const request = readable ? requestIn(delivery.body) : undefined;
  const kind = delivery.routingKey === 'failed' ? 'failed' : 'unprocessable';
  const reason = codeIn(delivery, header.reason);
  const death = codeIn(delivery, deathHeader.reason);
  const code = reason ?? death ?? 'unknown';
  const message = sentenceIn(delivery) ?? deaths[code] ?? 'Nobody said why it is here.';
  const { run = null, path = null, attempt = null, model = null } = stepIn(delivery, request) ?? {};
  const row: DeadLetterRow = {
    id: idOf(delivery, kind, code, request),
    kind,
    code,
    message,
    runId: run,
    path,
    attempt,
    model,
    atMs: nowMs,
    body: shownBody(delivery.body),
    input: request === undefined ? null : keptInput(request.payload),
    status: 'open',
    trace: [],
  };
  if (request === undefined || reason !== undefined || death === undefined) return { row };
  // Whoever wrote it is not known: it is kept to be looked at, and nobody acts on it.
  const { verdict } = delivery;
  if (verdict !== undefined && 'refused' in verdict) return { row };
  const { step } = request;
  // A worker could have signed it with the key that it shares with the coordinators: it buries its own calls alone.
  if (verdict !== undefined && verdict.spoke !== `worker.${step.model}`) return { row };
  // Workers write here too: none may speak for another's queue.
  if (headerText(delivery, deathHeader.queue) !== workQueueName(step.model, step.version)) {
    return { row };
  }
  return { row, lost: { run: step.run, path: step.path, attempt: step.attempt, code, message } };
}

/** The step that a letter is about: a request's, or that of a reply which could not be taken. */
function stepIn({ body }: Delivery, request: Request | undefined): StepBlock | undefined {
  if (request !== undefined) return request.step;
  if (body.byteLength > MAX_MESSAGE_BYTES) return undefined;
  try {
    return decode('reply', body, { trust: 'internal' }).step;
  } catch {
    return undefined;
  }
}

function requestIn(body: Uint8Array): Request | undefined {
  try {
    return decode('request', body, { trust: 'internal' });
  } catch {
    return undefined;
  }
}

/**
 * The same message has the same id however often it comes, and the broker's word on an attempt and the coordinator's are one
 * letter.
 */
function idOf(
  { body, messageId = '' }: Delivery,
  kind: DeadLetterRow['kind'],
  code: string,
  request: Request | undefined,
): string {
  if (request !== undefined && kind === 'failed') {
    const { run, path, attempt } = request.step;
    return messageIdOf(run, path, attempt, 'dead');
  }
  const digest = createHash('sha256').update(body).digest('hex');
  return messageIdOf(messageId, `${code}/${digest}`, 0, 'dead');
}

/** Of what is larger than any message of ours only the beginning is looked at: nobody sees more, and reading it all takes a second. */
function shownBody(body: Uint8Array): string {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (bytes.length <= MAX_MESSAGE_BYTES)
    return cut(redactedText(bytes.toString('utf8')), bytes.length);
  return cut(redactPlainText(bytes.toString('utf8', 0, MAX_BODY_BYTES)), bytes.length);
}

function redactedText(text: string): string {
  try {
    const value: JsonValue = JSON.parse(text);
    return JSON.stringify(redact(value));
  } catch {
    return redactPlainText(text);
  }
}

/** The beginning of a text, whole characters, and how long it was. */
function cut(text: string, inAll: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_BODY_BYTES && inAll <= MAX_MESSAGE_BYTES) return text;
  const mark = ` [${Math.max(bytes.length, inAll)} bytes in all]`;
  const kept = bytes.subarray(0, MAX_BODY_BYTES - mark.length);
  return new TextDecoder().decode(kept, { stream: true }) + mark;
}

function keptInput(payload: JsonObject): JsonObject | null {
  return Buffer.byteLength(JSON.stringify(payload)) <= MAX_INPUT_BYTES ? payload : null;
}

/** Whoever may write to the dead letters may write anything: what is no code is none. */
function codeIn(delivery: Delivery, name: string): string | undefined {
  const text = headerText(delivery, name);
  return text !== undefined && /^[a-z][a-z0-9_]{0,63}$/.test(text) ? text : undefined;
}

function sentenceIn(delivery: Delivery): string | undefined {
  return headerText(delivery, header.reasonMessage)
    ?.replaceAll(/\p{Cc}/gu, ' ')
    .slice(0, MAX_SENTENCE);
}

function headerText({ headers }: Delivery, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
