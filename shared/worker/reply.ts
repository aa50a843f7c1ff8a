import type { Outcome, Request, StepBlock } from '../envelope/envelope.ts';
import { checkEncoded } from '../envelope/gate.ts';
import { header, SCHEMA_VERSION } from '../envelope/headers.ts';
import { messageIdOf } from '../envelope/ids.ts';
import type { JsonObject } from '../envelope/json.ts';
import { largestMember } from '../envelope/largest-member.ts';
import { MAX_BODY_BYTES } from '../envelope/limits.ts';
import { message } from '../envelope/message.ts';
import type { ErrorDescription } from '../errors/describe.ts';
import { ContractError, PermanentError, UnprocessableError } from '../errors/errors.ts';
import { exchange, routingKey } from '../transport/topology.ts';
import type { MessageHeaders, OutgoingMessage } from '../transport/transport.ts';
import type { ActiveCall } from './active-call.ts';

/** Who answers, and when. */
export interface Signature {
  readonly worker: string;
  readonly nowMs: number;
  /** Trace context of the answer. */
  readonly trace: MessageHeaders;
}

/**
 * The reply to a call that answered. Throws a PermanentError `output_too_large`, or a ContractError `output_invalid` when output or patch are something that the
 * coordinator's gate refuses or JSON cannot hold: a reply that is parked there would leave the step without an answer.
 */
export function succeededReply(
  call: ActiveCall,
  output: JsonObject,
  signature: Signature,
): OutgoingMessage {
  try {
    const reply = sealed(call, output, { status: 'succeeded' }, signature);
    checkEncoded(reply.body);
    return reply;
  } catch (error) {
    if (error instanceof UnprocessableError && error.code === 'body_too_large') {
      throw outputTooLarge(output);
    }
    const reason = error instanceof UnprocessableError ? error.message : 'It is no JSON.';
    throw new ContractError('output_invalid', `The output cannot be sent: ${reason}`, {
      cause: error,
    });
  }
}

/** Asking again would only make another one: it fails at once, and says which part it was. */
function outputTooLarge(output: JsonObject): PermanentError {
  const { pointer, bytes } = largestMember(output);
  return new PermanentError(
    'output_too_large',
    `The output is larger than a message may be (${MAX_BODY_BYTES} bytes): ${pointer} alone takes ${bytes}.`,
  );
}

/** The reply to a call that failed, or that was never run. Carries no patch. */
export function failedReply(
  call: ActiveCall,
  failure: ErrorDescription,
  signature: Signature,
): OutgoingMessage {
  return sealed(call, {}, { status: 'failed', ...failure }, signature);
}

type Ending = Pick<Outcome, 'status'> & Partial<ErrorDescription>;

function sealed(
  call: ActiveCall,
  payload: JsonObject,
  ending: Ending,
  signature: Signature,
): OutgoingMessage {
  const { step } = call.request;
  const usage = call.used();
  const finishedAt = new Date(signature.nowMs).toISOString();
  return message({
    type: 'reply',
    exchange: exchange.replies,
    routingKey: routingKey.reply(step.model, ending.status),
    correlationId: step.run,
    headers: { ...signature.trace, [header.schemaVersion]: SCHEMA_VERSION },
    envelope: {
      id: messageIdOf(step.run, step.path, step.attempt, 'reply'),
      timestamp: finishedAt,
      payload,
      context: ending.status === 'succeeded' ? call.patched() : {},
      step,
      outcome: {
        ...ending,
        ...(usage === undefined ? {} : { usage }),
        startedAt: new Date(call.begunAtMs ?? signature.nowMs).toISOString(),
        finishedAt,
        worker: signature.worker,
      },
    },
  });
}

/** A progress message of a call: not persistent, for whoever listens now. Throws where `payload` is no JSON. */
export function progressMessage(
  request: Request,
  payload: JsonObject,
  signature: Pick<Signature, 'nowMs' | 'trace'>,
): OutgoingMessage {
  const step: StepBlock = request.step;
  return message({
    type: 'progress',
    exchange: exchange.progress,
    routingKey: routingKey.progress(step.model),
    correlationId: step.run,
    persistent: false,
    headers: { ...signature.trace, [header.schemaVersion]: SCHEMA_VERSION },
    envelope: {
      id: messageIdOf(step.run, step.path, step.attempt, `progress/${payload['sequence']}`),
      timestamp: new Date(signature.nowMs).toISOString(),
      payload,
      context: {},
      step,
    },
  });
}
