import { FleetError } from '../errors/errors.ts';
import {
  type AnswerLimits,
  contentOf,
  nothingKnown,
  providerCodeOf,
  readAnswer,
} from './chat-answer.ts';
import { cut, errorOfStatus, unreachable } from './provider-error.ts';

/** The OpenAI chat-completions protocol, as far as Flotilla speaks it: one question, one answer, whole or as a stream. */

export interface Endpoint {
  /** Up to and with `/v1`. */
  readonly baseUrl: string;
  readonly apiKey?: string;
}

export interface ChatMessage {
  readonly role: 'system' | 'user';
  readonly content: string;
}

export interface ChatRequest {
  /** The provider's name of the model. */
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly temperature?: number;
  readonly maxTokens?: number;
  /** Asks for an answer that is JSON of this schema; servers that cannot force it do their best. */
  readonly jsonSchema?: { readonly name: string; readonly schema: object };
  readonly stream: boolean;
}

export interface ChatOptions extends AnswerLimits {
  readonly signal: AbortSignal;
  /** Told once what the call used, as far as it is known, when it ends: also when it fails. */
  readonly onUsage?: (usage: { inputTokens: number; outputTokens: number }) => void;
}

/**
 * Asks, and resolves with the text of the answer. Rejects with the signal's reason when it fires, with a TransientError when
 * another try may help (`rate_limited`, `provider_unavailable`, `provider_unreachable`, `stream_cut`, `provider_malformed`),
 * with a PermanentError when it cannot (`provider_refused`, `provider_unauthorized`, `model_refused`).
 */
export async function chatCompletion(
  endpoint: Endpoint,
  request: ChatRequest,
  options: ChatOptions,
): Promise<string> {
  const known = nothingKnown();
  try {
    const response = await post(endpoint, request, options.signal);
    if (!response.ok) throw errorOfStatus(response, await providerCodeOf(response), Date.now());
    await readAnswer(response, known, options);
    return contentOf(known);
  } catch (error) {
    options.signal.throwIfAborted();
    throw error instanceof FleetError ? error : cut(error);
  } finally {
    const { inputTokens, outputTokens } = known;
    if (inputTokens + outputTokens > 0) options.onUsage?.({ inputTokens, outputTokens });
  }
}

async function post(endpoint: Endpoint, request: ChatRequest, signal: AbortSignal) {
  const { model, messages, temperature, maxTokens, jsonSchema, stream } = request;
  const body = {
    model,
    messages,
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    ...(jsonSchema === undefined
      ? {}
      : { response_format: { type: 'json_schema', json_schema: jsonSchema } }),
    ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
  };
  try {
    return await fetch(`${endpoint.baseUrl.replace(/\/+$/, '')}/chat/completions`, {
      method: 'POST',
      // A redirect would carry prompt and key to another host.
      redirect: 'manual',
      signal,
      headers: {
        'content-type': 'application/json',
        accept: stream ? 'text/event-stream' : 'application/json',
        ...(endpoint.apiKey === undefined ? {} : { authorization: `Bearer ${endpoint.apiKey}` }),
      },
      body: JSON.stringify(body),
    });
  } catch (error) {
    throw unreachable(error);
  }
}
