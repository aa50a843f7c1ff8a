import { UnprocessableError } from '../errors/errors.ts';

/** Every code with which a message is refused before anybody acts on it, with its sentence. */
export const refusals = {
  empty_body: 'The body is empty.',
  body_too_large: 'The body is larger than allowed.',
  bad_utf8: 'The body is not valid UTF-8.',
  bad_json: 'The body is not valid JSON.',
  not_an_object: 'The body is JSON, but not an object.',
  too_deep: 'Objects and arrays are nested too deep.',
  too_many_members: 'The body has too many object members and array elements.',
  key_too_long: 'A key is too long.',
  duplicate_key: 'An object has the same key twice.',
  forbidden_key: 'A key is not allowed.',
  number_out_of_range: 'A number is too large for a double.',
  number_not_exact: 'An integer cannot be kept exactly; send it as a string.',
  nul_character: 'A string holds the character U+0000.',
  bad_unicode: 'A string holds half of a surrogate pair.',
  content_type_refused: 'The content type is not application/json in UTF-8.',
  encoding_not_allowed: 'The content encoding is not allowed; send the body uncompressed.',
  headers_too_large: 'There are too many headers, or they are too large.',
  unsupported_version: 'The schema version is not one that this build reads.',
  schema_invalid: 'The body does not match the schema of its message type.',
  bad_id: 'The id is not 1 to 64 characters of A-Z, a-z, 0-9, "_" and "-".',
  bad_timestamp:
    'The timestamp is not an ISO 8601 instant with a time zone, on a real date, from 1970 on.',
  timestamp_in_future: 'The timestamp lies in the future.',
  metadata_too_large: 'payload.metadata is too large.',
} as const;

export type RefusalCode = keyof typeof refusals;

/** The error of a refused message. `details` must not quote the payload: a place, a limit, a header's name. */
export function refusal(
  code: RefusalCode,
  details: Record<string, string | number> = {},
): UnprocessableError {
  const facts = Object.entries(details).map(([name, value]) => `${name} ${value}`);
  const message = facts.length === 0 ? refusals[code] : `${refusals[code]} (${facts.join(', ')})`;
  return new UnprocessableError(code, message, { details });
}
