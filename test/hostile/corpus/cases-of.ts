import type { Options } from 'amqplib';
import type { CaseIds, MessageCase, MessageEntrance, RawMessage } from './case.ts';
import { type Planted, textOf } from './envelopes.ts';

/** The doors with the full gate: whoever writes there is not known. */
export const gatedEntrances = ['job', 'reply', 'operation', 'progress', 'announcement'] as const;
/** Those, and the doors for messages of the fleet itself. */
export const allEntrances = [...gatedEntrances, 'request', 'control'] as const;
/** A body that is read by nobody: it is looked at again as a dead letter. */
export const withLetters = [...allEntrances, 'letter'] as const;

/** One hostile thing, whatever door it comes to. */
export interface Variant {
  readonly what: string;
  /** Code of the refusal. */
  readonly code: string;
  /** The whole body, made of a good one. */
  readonly body?: (good: string, ids: CaseIds) => string | Uint8Array;
  readonly planted?: Planted | ((ids: CaseIds) => Planted);
  readonly properties?: Options.Publish;
  readonly routingKey?: string;
}

/** Each variant at each entrance. */
export function casesAt(
  family: number,
  at: readonly MessageEntrance[],
  variants: readonly Variant[],
): MessageCase[] {
  return at.flatMap((entrance) =>
    variants.map((variant) => ({
      family,
      entrance,
      what: variant.what,
      expected: refusalAt(entrance, variant.code),
      message: (ids: CaseIds) => messageOf(entrance, ids, variant),
    })),
  );
}

/** Variants of which each is expected to end in its own way: `code` is the whole outcome, ` or ` stands between several. */
export function outcomesAt(
  family: number,
  entrance: MessageEntrance,
  variants: readonly Variant[],
): MessageCase[] {
  return variants.map((variant) => ({
    family,
    entrance,
    what: variant.what,
    expected: variant.code.split(' or '),
    message: (ids: CaseIds) => messageOf(entrance, ids, variant),
  }));
}

function messageOf(
  entrance: MessageEntrance,
  ids: CaseIds,
  { body, planted, properties, routingKey }: Variant,
): RawMessage {
  const good = textOf(entrance, ids, typeof planted === 'function' ? planted(ids) : planted);
  return {
    body: Buffer.from(body === undefined ? good : body(good, ids)),
    ...(properties === undefined ? {} : { properties }),
    ...(routingKey === undefined ? {} : { routingKey }),
  };
}

/** What becomes of an unreadable message: kept for an operator, or where nobody waits for it logged and forgotten. */
export function refusalAt(entrance: MessageEntrance, code: string): string {
  if (entrance === 'progress' || entrance === 'announcement' || entrance === 'control') {
    return `ignored ${code}`;
  }
  return entrance === 'letter' ? 'refused not_replayable' : `parked ${code}`;
}
