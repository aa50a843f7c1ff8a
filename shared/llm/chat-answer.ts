import { z } from 'zod';
import { FleetError, PermanentError, TransientError } from '../errors/errors.ts';
import { cut, malformed } from './provider-error.ts';
import { eventData } from './sse.ts';

/** Reading the answer of a chat-completions server, whole or in pieces, into what is known of it so far. */

export interface AnswerLimits {
  /** Most characters of an answer that are read. */
  readonly maxCharacters: number;
  /** Told each piece of a streamed answer as it comes. */
  readonly onToken?: (token: string) => void;
}

/** What is known of an answer, while it comes. */
export interface KnownAnswer {
  content: string;
  refusal: string;
  finishReason: string | undefined;
  inputTokens: number;
  outputTokens: number;
}

export function nothingKnown(): KnownAnswer {
  return { content: '', refusal: '', finishReason: undefined, inputTokens: 0, outputTokens: 0 };
}

const usage = z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }).nullish();
const text = z.string().nullish();
const failure = z.object({ code: z.unknown(), type: z.unknown() }).partial().nullish();
const answer = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({ content: text, refusal: text }).partial(),
        finish_reason: text,
      }),
    )
    .min(1),
  usage,
});
const chunk = z.object({
  choices: z
    .array(
      z.object({
        delta: z.object({ content: text, refusal: text }).partial().nullish(),
        finish_reason: text,
      }),
    )
    .default([]),
  usage,
  error: failure,
});

/** Reads the body of a successful response. Throws what `chatCompletion` throws; `known` then holds what came before. */
export async function readAnswer(
  response: Response,
  known: KnownAnswer,
  limits: AnswerLimits,
): Promise<void> {
  const type = response.headers.get('content-type') ?? '';
  if (type.startsWith('text/event-stream')) await readStream(response, known, limits);
  else await readWhole(response, known, limits);
}

/** The text of a complete answer. Throws a PermanentError `model_refused` where the provider would not answer. */
export function contentOf({ content, refusal, finishReason }: KnownAnswer): string {
  if (refusal !== '' || finishReason === 'content_filter') {
    throw new PermanentError('model_refused', 'The provider refused to answer this input.');
  }
  return content;
}

/** The provider's own word for its error, where the body of an unsuccessful response has one. */
export async function providerCodeOf(response: Response): Promise<unknown> {
  // The status says enough; a body that cannot be read changes nothing.
  const body = await readText(response, 64 * 1024).catch(() => '');
  const parsed = z.object({ error: failure }).safeParse(parseJson(body));
  const error = parsed.success ? parsed.data.error : undefined;
  return error?.code ?? error?.type;
}

async function readWhole(response: Response, known: KnownAnswer, limits: AnswerLimits) {
  // A character of an answer may be six bytes of JSON (an escape), and the frame around it is small.
  const body = await readText(response, limits.maxCharacters * 6 + 64 * 1024);
  const parsed = answer.safeParse(parseJson(body));
  if (!parsed.success) throw malformed('it is no chat completion');
  const [choice] = parsed.data.choices;
  noteUsage(known, parsed.data.usage);
  known.content = choice?.message.content ?? '';
  known.refusal = choice?.message.refusal ?? '';
  known.finishReason = choice?.finish_reason ?? 'stop';
  checkLength(known, limits);
}

async function readStream(response: Response, known: KnownAnswer, limits: AnswerLimits) {
  if (response.body === null) throw cut();
  let pieces = 0;
  let usageKnown = false;
  try {
    for await (const data of eventData(response.body)) {
      if (data === '[DONE]') break;
      const parsed = chunk.safeParse(parseJson(data));
      if (!parsed.success) throw malformed('a piece of it is no chat completion chunk');
      const { choices, error } = parsed.data;
      if (error) {
        throw new TransientError('provider_unavailable', 'The provider failed while it answered.');
      }
      usageKnown = noteUsage(known, parsed.data.usage) || usageKnown;
      const [choice] = choices;
      known.finishReason = choice?.finish_reason ?? known.finishReason;
      known.refusal += choice?.delta?.refusal ?? '';
      const token = choice?.delta?.content;
      if (!token) continue;
      pieces += 1;
      known.content += token;
      // Until the provider counts itself: a piece is at least one token, and it has been paid for.
      if (!usageKnown) known.outputTokens = pieces;
      checkLength(known, limits);
      limits.onToken?.(token);
    }
  } catch (error) {
    if (error instanceof SyntaxError) throw malformed('an event is too long');
    // The answer is complete and paid for; only the provider's goodbye is missing.
    if (error instanceof FleetError || known.finishReason === undefined) throw error;
  }
  if (known.finishReason === undefined) throw cut();
}

function noteUsage(known: KnownAnswer, reported: z.infer<typeof usage>): boolean {
  if (!reported) return false;
  known.inputTokens = reported.prompt_tokens;
  known.outputTokens = reported.completion_tokens;
  return true;
}

function checkLength(known: KnownAnswer, { maxCharacters }: AnswerLimits): void {
  if (known.content.length <= maxCharacters) return;
  throw malformed(`it is longer than ${maxCharacters} characters`);
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > maxBytes) throw malformed('it is too long');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
