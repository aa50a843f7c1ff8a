import { nameSchema } from '../envelope/envelope.ts';
import { FleetError } from '../errors/errors.ts';
import { parseApiKey } from './api-key.ts';
import type { ClientOptions } from './options.ts';

/** The name under which the fleet knows a client. Throws FleetError `api_key_invalid`. */
export function clientNameOf({
  transport: { userId },
  apiKey,
}: Pick<ClientOptions, 'transport' | 'apiKey'>): string {
  if (apiKey !== undefined) return namedBy(apiKey);
  return userId !== undefined && nameSchema.safeParse(userId).success ? userId : 'anonymous';
}

function namedBy(apiKey: string): string {
  const key = parseApiKey(apiKey);
  if (key !== undefined) return key.client;
  throw new FleetError(
    'api_key_invalid',
    'That is no API key of a fleet: they look like flk_<client>_<id>_<secret>.',
  );
}
