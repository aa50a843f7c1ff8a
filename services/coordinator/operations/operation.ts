import type { z } from 'zod';
import type { Verb, Verbs } from '../../../shared/client/verbs.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { ContractError } from '../../../shared/errors/errors.ts';
import type { Transport } from '../../../shared/transport/transport.ts';
import type { Breakers } from '../breakers/breakers.ts';
import type { Commits } from '../commits.ts';
import type { FlowBook } from '../flow-book.ts';
import type { Limits } from '../limits/limits.ts';
import type { ModelBook } from '../model-book.ts';
import type { Pauses } from '../pauses.ts';
import type { Store } from '../store/store.ts';

/** What an operation that only reads has at hand. */
export interface ReadingContext {
  readonly store: Store;
  readonly flows: FlowBook;
  readonly tenant: string;
  /** The client as the broker attests it. */
  readonly client: string;
}

/** What is at hand beside it for one that changes something. */
export interface ActingContext extends ReadingContext {
  /** The operation's own id: the same one again is the same wish. */
  readonly id: string;
  readonly commits: Commits;
  readonly models: ModelBook;
  readonly limits: Limits;
  readonly breakers: Breakers;
  readonly pauses: Pauses;
  readonly transport: Transport;
  readonly now: () => number;
}

/** One verb of the operations queue. Throws ContractError for what cannot be answered or done; its code travels. */
export interface Operation<Context = ActingContext> {
  readonly verb: Verb;
  run(args: JsonObject, context: Context): Promise<object>;
}

/** A verb with its arguments and its answer. `takes` is what the sentence of `input_invalid` says. */
export function operation<V extends Verb, A, Context>(
  verb: V,
  { schema, takes }: { readonly schema: z.ZodType<A>; readonly takes: string },
  run: (args: A, context: Context) => Promise<Verbs[V]['answer']>,
): Operation<Context> {
  return {
    verb,
    async run(args, context) {
      const parsed = schema.safeParse(args);
      if (!parsed.success) throw new ContractError('input_invalid', `${verb} takes ${takes}.`);
      return run(parsed.data, context);
    },
  };
}
