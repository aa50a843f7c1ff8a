import { z } from 'zod';
import { readEnv } from '../../shared/config/env.ts';
import { brokerSettings } from '../../shared/transport/amqp/environment.ts';

const settings = brokerSettings.extend({
  /** A PostgreSQL database, shared with other coordinators. Left out: the SQLite file. */
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must begin with "postgres://"')
    .optional(),
  /** PEM files for TLS to the database: the authority that is believed, and a client certificate. */
  DATABASE_CA_FILE: z.string().optional(),
  DATABASE_CERT_FILE: z.string().optional(),
  DATABASE_KEY_FILE: z.string().optional(),
  /** The SQLite file of this coordinator; made when it is not there. */
  FLOTILLA_DB: z.string().default('.flotilla/coordinator.db'),
  /** Folder of flow files. */
  FLOWS_DIR: z.string().default('infra/flows'),
  /** Who belongs to which tenant; not there: everybody to `default`. */
  TENANTS_FILE: z.string().default('infra/tenants.yaml'),
  /** What each client may do, and its API keys; not there: everybody everything. */
  CLIENTS_FILE: z.string().default('infra/clients.yaml'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Default: host, process id and four random digits. */
  INSTANCE: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'must be 1 to 64 letters, digits, "_", "." and "-"')
    .optional(),
});

/** The environment of a coordinator process. */
export type CoordinatorConfig = z.infer<typeof settings>;

/** Throws ConfigError with every problem. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): CoordinatorConfig {
  return readEnv(settings, env);
}
