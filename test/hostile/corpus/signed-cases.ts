import { header } from '../../../shared/envelope/headers.ts';
import type { OutgoingMessage } from '../../../shared/transport/transport.ts';
import type { CaseIds, SignedCase } from './case.ts';
import { refusalAt } from './cases-of.ts';
import { addressOf, textOf } from './envelopes.ts';
import type { Signing } from './signing.ts';

/** Good messages to a fleet whose messages are signed, with tokens that are not good. */

export const everywhere = [
  'job',
  'operation',
  'reply',
  'progress',
  'announcement',
  'request',
  'control',
] as const;
export type Signed = (typeof everywhere)[number];

const types: Readonly<Record<Signed, string>> = {
  job: 'job',
  operation: 'operation',
  reply: 'reply',
  progress: 'progress',
  announcement: 'control',
  request: 'request',
  control: 'control',
};

export type Token = (message: OutgoingMessage, entrance: Signed, signing: Signing) => unknown;

interface Hostile {
  readonly what: string;
  readonly code: string;
  /** The header in place of the token; undefined: none. */
  readonly token?: Token;
  /** What is changed of the message after it was signed. */
  readonly after?: (message: OutgoingMessage) => OutgoingMessage;
}

/** A good message, as somebody who has no key would have it. */
export function goodAt(entrance: Signed, ids: CaseIds): OutgoingMessage {
  const address = addressOf(entrance, ids);
  return {
    ...address,
    // Only a model that has keys can announce itself.
    ...(entrance === 'announcement' ? { routingKey: 'announced.parrot' } : {}),
    body: Buffer.from(textOf(entrance, ids)),
    messageId: ids.id,
    type: types[entrance],
    correlationId: ids.id,
  };
}

export function signedCases(
  family: number,
  at: readonly Signed[],
  hostile: readonly Hostile[],
): readonly SignedCase[] {
  return at.flatMap((entrance) =>
    hostile.map(({ what, code, token = rightToken, after = (same) => same }) => ({
      family,
      entrance,
      what,
      signed: true as const,
      expected: refusalAt(entrance, code),
      message: (ids: CaseIds, signing: Signing) => {
        const good = goodAt(entrance, ids);
        return rawOf(after(good), token(good, entrance, signing));
      },
    })),
  );
}

/** The message with that token on it. */
export function rawOf(
  { body, routingKey, messageId, type, correlationId, headers }: OutgoingMessage,
  token: unknown,
) {
  const tokens = token === undefined ? {} : { [header.token]: token };
  return {
    body,
    routingKey,
    properties: {
      messageId,
      type,
      ...(correlationId === undefined ? {} : { correlationId }),
      headers: { ...headers, ...tokens },
    },
  };
}

const rightToken: Token = (message, entrance, signing) => signing.token(message, entrance);
