import type { MessagePort } from 'node:worker_threads';
import type { JsonObject, JsonValue } from '../../envelope/json.ts';
import type { ErrorDescription } from '../../errors/describe.ts';
import type { Call, UsageReport } from '../model.ts';
import type { ArtifactAsk } from './artifact-host.ts';

/** Where a thread finds its model: a module, and the name and version under which it exports it. */
export interface ModelAddress {
  readonly url: string;
  readonly name: string;
  readonly version: number;
}

/** The part of a call that is data, and so can cross to a thread. */
export type CallFacts = Pick<
  Call,
  'context' | 'provenance' | 'reask' | 'idempotencyKey' | 'run' | 'path' | 'attempt'
>;

/** What a thread is asked: to have its model loaded, or to run one call and talk about it over `port`. */
export type ThreadTask =
  | { readonly kind: 'load' }
  | {
      readonly kind: 'call';
      readonly input: object;
      readonly facts: CallFacts;
      readonly port: MessagePort;
    };

/** How a task ended. Errors cross as descriptions: a class would arrive as a plain Error. */
export type ThreadAnswer = { readonly output: unknown } | { readonly failure: ErrorDescription };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type FromThread =
  /** The model is loaded and waits for `go`: now the call's time begins. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'usage'; readonly report: UsageReport }
  | { readonly kind: 'emit'; readonly progress: JsonObject }
  | { readonly kind: 'patch'; readonly key: string; readonly value: JsonValue }
  /** Answered with the same number. */
  | { readonly kind: 'artifact'; readonly number: number; readonly ask: ArtifactAsk }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly fields: object;
      readonly message: string | undefined;
    };

export type ToThread =
  | { readonly kind: 'go' }
  | { readonly kind: 'artifact'; readonly number: number; readonly answer: ThreadAnswer }
  | { readonly kind: 'abort'; readonly reason: ErrorDescription };
