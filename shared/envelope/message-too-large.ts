import { ContractError } from '../errors/errors.ts';
import type { JsonObject } from './json.ts';
import { largestMember } from './largest-member.ts';
import { MAX_MESSAGE_BYTES } from './limits.ts';

/**
 * The error for a message that is larger than a message may be, which no second try makes smaller: ContractError
 * `message_too_large`, with the place that takes most of it as a JSON Pointer into the envelope.
 */
export function messageTooLarge(
  what: string,
  parts: { readonly payload: JsonObject; readonly context: JsonObject },
  bytes: number,
): ContractError {
  const { pointer: part } = largestMember(parts);
  const inside = largestMember(part === '/context' ? parts.context : parts.payload);
  return new ContractError(
    'message_too_large',
    `${what} has ${bytes} bytes, and a message may have ${MAX_MESSAGE_BYTES}: ${part}${inside.pointer} alone takes ${inside.bytes}. Large values belong into the artifact store.`,
    { details: { bytes, limit: MAX_MESSAGE_BYTES } },
  );
}
