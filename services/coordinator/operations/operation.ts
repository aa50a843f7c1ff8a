import type { JsonObject } from '../../../shared/envelope/json.ts';
import type { Store } from '../store/store.ts';

/** Who asks, and what is there to answer from. */
interface OperationContext {
  readonly store: Store;
  readonly tenant: string;
  /** The client as the broker attests it. */
  readonly client: string;
}

/** One verb of the operations queue. Throws ContractError for a question that cannot be answered; its code travels. */
export interface Operation {
  readonly verb: string;
  run(args: JsonObject, context: OperationContext): Promise<JsonObject>;
}
