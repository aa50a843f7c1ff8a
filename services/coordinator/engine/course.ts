import type { FinalStatus, RunError } from '../../../shared/envelope/envelope.ts';
import type { NodeOutcome } from './draft.ts';

/** What an event does to a whole run. */
export type Course =
  /** Nothing; what the draft recorded is kept all the same. */
  | { readonly name: 'stays' }
  /** The flow went on: this is how far its body came. */
  | { readonly name: 'goes_on'; readonly outcome: NodeOutcome }
  /** It is over, wherever its flow was. */
  | {
      readonly name: 'ends';
      readonly status: Exclude<FinalStatus, 'succeeded'>;
      readonly error: RunError;
    };

export const stays: Course = { name: 'stays' };

export function ends(status: Exclude<FinalStatus, 'succeeded'>, error: RunError): Course {
  return { name: 'ends', status, error };
}
