import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { shippedModels } from '../../services/fleet/models.ts';

interface ComposeFile {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly environment?: Readonly<Record<string, string>>;
        readonly volumes?: readonly string[];
      }
    >
  >;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const root = resolve(import.meta.dirname, '../..');
const text = readFileSync(resolve(root, 'docker-compose.yml'), 'utf8');
const { services, volumes }: ComposeFile = parse(text, { merge: true });
const users = ['cli', 'coordinator', ...shippedModels];
const mounts = (service: string) => services[service]?.volumes ?? [];

describe('a service of the compose file', () => {
  it.each(users)('%s logs in as itself, with what was handed out to it alone', (name) => {
    const own = `${name}-own`;
    expect(services[name]?.environment).toMatchObject({
      AMQP_URL: 'amqp://rabbitmq:5672',
      AMQP_PASSWORD_FILE: '/own/amqp-password',
      KEYS_DIR: '/own',
      TOPOLOGY: 'verify',
    });
    expect(mounts(name).filter((mount) => mount.includes('/own'))).toEqual([`${own}:/own:ro`]);
    expect(mounts('keys')).toContain(`${own}:/secrets/for/${name}`);
    expect(Object.keys(volumes)).toContain(own);
  });

  it('sees no secret of another', () => {
    const secret = /^(secrets|[a-z-]+-own)$/;
    for (const name of Object.keys(services).filter((service) => service !== 'keys')) {
      const named = mounts(name).map((mount) => mount.split(':')[0] ?? '');
      const seen = named.filter((volume) => secret.test(volume));
      expect([name, seen]).toEqual([name, users.includes(name) ? [`${name}-own`] : []]);
    }
  });
});
