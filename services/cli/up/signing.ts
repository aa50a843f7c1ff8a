import { resolve } from 'node:path';
import { addKeys } from '../../../shared/security/new-keys.ts';
import { coordinatorSpoke, type Spoke, spokeSchema } from '../../../shared/security/spoke.ts';
import { brokerAddress } from '../../../shared/transport/amqp/broker-url.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export const KEYS_FOLDER = '.flotilla/keys';

/**
 * What services need to sign: keys, made where there are none, and whether jobs may come unsigned. On one machine they may, so that
 * any AMQP client can submit, unless the environment says otherwise.
 */
export function signingOf(
  env: Environment,
  brokerUrl: string,
  services: readonly string[],
): Readonly<Record<string, string>> {
  if (env['SECURITY'] === 'off' || env['FLOTILLA_KEYS']) return {};
  const folder = resolve(env['KEYS_DIR'] || KEYS_FOLDER);
  const client = spokeSchema.safeParse(`client.${brokerAddress(brokerUrl).username}`);
  const clients = client.success ? [client.data] : [];
  addKeys(folder, [...spokesOf(services), ...clients], { alg: 'HS256', sealsFromMs: Date.now() });
  return { KEYS_DIR: folder, UNSIGNED_JOBS: 'allow' };
}

/** The coordinators, and the model of each other service. */
export function spokesOf(services: readonly string[]): Spoke[] {
  const models = services.filter((service) => service !== 'coordinator');
  return [coordinatorSpoke, ...models.map((model): Spoke => `worker.${model}`)];
}
