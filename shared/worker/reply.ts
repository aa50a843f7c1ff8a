import type { Outcome, Request, StepBlock } from '../envelope/envelope.ts';
import { checkEncoded } from '../envelope/gate.ts';
import { messageIdOf } from '../envelope/ids.ts';
import type { JsonObject } from '../envelope/json.ts';
import { MAX_MESSAGE_BYTES } from '../envelope/limits.ts';
import { message } from '../envelope/message.ts';
import { messageTooLarge } from '../envelope/message-too-large.ts';
import type { ErrorDescription } from '../errors/describe.ts';
import { ContractError, FleetError, UnprocessableError } from '../errors/errors.ts';
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

/** What a model answered. */
export interface Answer {
  readonly output: JsonObject;
  /** What it wants added to the run's context. */
  readonly patch: JsonObject;
}

/**
 * The reply to a call that answered. Throws ContractError `message_too_large`, or `output_invalid` when output or patch are something
 * that the coordinator's gate refuses or JSON cannot hold: a reply that is parked there would leave the step without an answer.
 */
export function succeededReply(
  call: ActiveCall,
  { output, patch }: Answer,
  signature: Signature,
): OutgoingMessage {
  try {
    const reply = sealed(call, { output, patch }, { status: 'succeeded' }, signature);
    const bytes = reply.body.byteLength;
    if (bytes > MAX_MESSAGE_BYTES) {
      throw messageTooLarge('The reply', { payload: output, context: patch }, bytes);
    }
    checkEncoded(reply.body);
    return reply;
  } catch (error) {
    throw unsendable(error);
  }
}

/** Why an answer cannot be sent, as the failure that its call ends with; what a store says is passed on. */
export function unsendable(error: unknown): FleetError {
  if (error instanceof FleetError && !(error instanceof UnprocessableError)) return error;
  const reason = error instanceof UnprocessableError ? error.message : 'It is no JSON.';
  return new ContractError('output_invalid', `The output cannot be sent: ${reason}`, {
    cause: error,
  });
}

/** The reply to a call that failed, or that was never run. Carries no patch. */
export function failedReply(
  call: ActiveCall,
  failure: ErrorDescription,
  signature: Signature,
): OutgoingMessage {
  return sealed(call, { output: {}, patch: {} }, { status: 'failed', ...failure }, signature);
}

type Ending = Pick<Outcome, 'status'> & Partial<ErrorDescription>;

function sealed(
  call: ActiveCall,
  { output: payload, patch: context }: Answer,
  ending: Ending,
  signature: Signature,
): OutgoingMessage {
  const step = asEchoed(call.request.step);
  const usage = call.used();
  const finishedAt = new Date(signature.nowMs).toISOString();
  return message({
    type: 'reply',
    exchange: exchange.replies,
    routingKey: routingKey.reply(step.model, ending.status),
    correlationId: step.run,
    headers: signature.trace,
    envelope: {
      id: messageIdOf(step.run, step.path, step.attempt, 'reply'),
      timestamp: finishedAt,
      payload,
      context,
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

/** A request's step as it goes back: whose its input was is nothing that anybody is told twice. */
function asEchoed(step: StepBlock): StepBlock {
  if (step.provenance === undefined) return step;
  const { provenance: _, ...echoed } = step;
  return echoed;
}

/** A progress message of a call: not persistent, for whoever listens now. Throws where `payload` is no JSON. */
export function progressMessage(
  request: Request,
  payload: JsonObject,
  signature: Pick<Signature, 'nowMs' | 'trace'>,
): OutgoingMessage {
  const step = asEchoed(request.step);
  return message({
    type: 'progress',
    exchange: exchange.progress,
    routingKey: routingKey.progress(step.model),
    correlationId: step.run,
    persistent: false,
    headers: signature.trace,
    envelope: {
      id: messageIdOf(step.run, step.path, step.attempt, `progress/${payload['sequence']}`),
      timestamp: new Date(signature.nowMs).toISOString(),
      payload,
      context: {},
      step,
    },
  });
}
