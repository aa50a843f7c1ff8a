import type { JsonObject } from '../envelope/json.ts';
import { visibleOnly } from '../envelope/visible-only.ts';
import { ConfigError, PermanentError, TransientError } from '../errors/errors.ts';
import { type Call, defineModel, type Model } from '../worker/model.ts';
import { type ChatMessage, chatCompletion, type Endpoint } from './chat-completions.ts';
import { schemaCheck, zodOf } from './json-schema.ts';
import { type ModelFile, modelFilePath, readModelFile } from './model-file.ts';
import { fill } from './prompt.ts';
import { structuredAnswer } from './structured.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A server and the model it is asked for. The key stays in here: it is never logged, announced or put into an error. */
export interface Provider extends Endpoint {
  readonly model: string;
}

/** The server that a model file means in this environment; undefined when it names none. */
export function providerOf(file: ModelFile, env: Environment): Provider | undefined {
  const baseUrl = variable(env, file.baseUrlEnv) ?? file.baseUrl;
  if (baseUrl === undefined) return undefined;
  const apiKey = variable(env, file.apiKeyEnv);
  return {
    baseUrl,
    model: variable(env, file.providerModelEnv) ?? file.providerModel,
    ...(apiKey === undefined ? {} : { apiKey }),
  };
}

/** A model file as a model to serve. Throws a ConfigError when the environment does not name its server. */
export function llmModel(file: ModelFile, env: Environment): Model {
  const provider = providerOf(file, env);
  if (provider === undefined) {
    throw new ConfigError([`${file.baseUrlEnv}: must be the base URL of the model's server`]);
  }
  return defineModel({
    name: file.name,
    version: file.version,
    description: file.description,
    input: zodOf(file.input),
    output: zodOf(file.output),
    sanitize: visibleOnly,
    concurrency: file.concurrency,
    timeoutMs: file.timeout,
    ...(file.prices === undefined ? {} : { prices: pricesOf(file.prices) }),
    ...(file.estimate === undefined ? {} : { estimate: file.estimate }),
    limits: limitsOf(file.limits),
    run: asker(file, provider),
  });
}

/** The model that a service is told to serve: a name of `infra/models` or a path. Throws a ConfigError for what it cannot serve. */
export function served(nameOrPath: string | undefined, env: Environment): Model {
  if (!nameOrPath) {
    throw new ConfigError(['Name the model: as the argument, or as LLM_MODEL (a name or a path).']);
  }
  return llmModel(readModelFile(modelFilePath(nameOrPath)), env);
}

/** Calls of a model file: how its service, or a model that wraps one, asks the provider. */
export type Ask = (input: JsonObject, call: Call) => Promise<JsonObject>;

/**
 * Prepares the calls of a model file. Each asks the provider, reports usage and tokens through the call, and resolves with the
 * output; it rejects as `chatCompletion` and `structuredAnswer` do, and with `provider_timeout` after the file's own time-out.
 */
export function asker(file: ModelFile, provider: Provider): Ask {
  const { model, ...endpoint } = provider;
  const check = schemaCheck(file.output);
  const settings = {
    model,
    stream: file.stream,
    ...(file.temperature === undefined ? {} : { temperature: file.temperature }),
    ...(file.maxTokens === undefined ? {} : { maxTokens: file.maxTokens }),
    ...(file.json ? { jsonSchema: { name: file.name, schema: file.output } } : {}),
  };
  return async (input, call) => {
    const messages = messagesOf(file, input, call.reask);
    const tooSlow = new AbortController();
    const timer = setTimeout(() => tooSlow.abort(providerTimeout(file.timeout)), file.timeout);
    try {
      const content = await chatCompletion(
        endpoint,
        { ...settings, messages },
        {
          signal: AbortSignal.any([call.signal, tooSlow.signal]),
          maxCharacters: file.limits.maxAnswerCharacters,
          onToken: (token) => call.emit({ token }),
          onUsage: (used) => call.usage({ ...used, microUsd: microUsdOf(used, file.prices) }),
        },
      );
      return file.json ? structuredAnswer(content, check) : { text: content };
    } finally {
      clearTimeout(timer);
    }
  };
}

function providerTimeout(timeoutMs: number): TransientError {
  return new TransientError(
    'provider_timeout',
    `The provider did not answer within ${timeoutMs} ms.`,
  );
}

function messagesOf(file: ModelFile, input: JsonObject, reask: readonly string[]): ChatMessage[] {
  const system = [fill(file.prompt.system ?? '', input)];
  if (file.json) {
    system.push(
      `Answer with one JSON object that matches this JSON Schema, and nothing else:\n${JSON.stringify(file.output)}`,
    );
  }
  if (reask.length > 0) {
    system.push(`Your last answer was refused. Avoid these problems:\n${reask.join('\n')}`);
  }
  const content = system.filter((part) => part !== '').join('\n\n');
  const user: ChatMessage = { role: 'user', content: fill(file.prompt.user, input) };
  const characters = content.length + user.content.length;
  if (characters > file.limits.maxPromptCharacters) {
    throw new PermanentError(
      'prompt_too_long',
      `The prompt has ${characters} characters; ${file.limits.maxPromptCharacters} are allowed.`,
    );
  }
  return content === '' ? [user] : [{ role: 'system', content }, user];
}

/** A price in dollars per million tokens is the same number in millionths of a dollar per token. */
function microUsdOf(
  used: { inputTokens: number; outputTokens: number },
  prices: ModelFile['prices'],
): number {
  if (prices === undefined) return 0;
  return Math.round(
    used.inputTokens * prices.inputPerMillionUsd + used.outputTokens * prices.outputPerMillionUsd,
  );
}

function pricesOf(prices: NonNullable<ModelFile['prices']>): NonNullable<Model['prices']> {
  return {
    microUsdPerMillionInputTokens: Math.round(prices.inputPerMillionUsd * 1_000_000),
    microUsdPerMillionOutputTokens: Math.round(prices.outputPerMillionUsd * 1_000_000),
  };
}

/** What the coordinators keep to; the bounds of a single prompt and answer are kept here. */
function limitsOf(limits: ModelFile['limits']): NonNullable<Model['limits']> {
  const { maxPromptCharacters: _, maxAnswerCharacters: __, ...announced } = limits;
  return announced;
}

/** An empty variable means "not set": compose files pass `${NAME:-}` along. */
function variable(env: Environment, name: string | undefined): string | undefined {
  return (name === undefined ? undefined : env[name]) || undefined;
}
