import { ConfigError } from '../../../../shared/errors/errors.ts';
import type { TlsFiles } from '../../../../shared/tls/tls-files.ts';

/** How a PostgreSQL store uses its database. */
export interface PostgresSettings {
  /** PEM files; with any of them, or `sslmode` in the URL, the database is reached by TLS alone. */
  readonly tls: TlsFiles;
  /** Where its tables are; made when it is not there. */
  readonly schema: string;
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
  /** Longest wait for a row that another coordinator has locked. */
  readonly lockTimeoutMs: number;
  /** A coordinator that stops in mid transaction loses its locks after this. */
  readonly idleInTransactionTimeoutMs: number;
  /** Longest wait for the server's answer; longer than the server's own limits, it notices a dead connection. */
  readonly answerTimeoutMs: number;
  /** An unused connection is closed after this. */
  readonly idleConnectionMs: number;
  /** How long a coordinator has a due run to itself. */
  readonly dueLeaseMs: number;
  /** How often a transaction is run again because the database asks for it. */
  readonly maxConflicts: number;
  /** How long the outcome of a COMMIT whose answer was lost is asked for. */
  readonly outcomeTimeoutMs: number;
  /** How long a database that is not there yet is waited for at the start. */
  readonly openTimeoutMs: number;
}

const defaults: PostgresSettings = {
  tls: {},
  schema: 'public',
  maxConnections: 10,
  connectTimeoutMs: 5_000,
  statementTimeoutMs: 10_000,
  lockTimeoutMs: 5_000,
  idleInTransactionTimeoutMs: 10_000,
  answerTimeoutMs: 15_000,
  idleConnectionMs: 60_000,
  dueLeaseMs: 5_000,
  maxConflicts: 10,
  outcomeTimeoutMs: 30_000,
  openTimeoutMs: 30_000,
};

/** Settings with defaults for what is left out. Throws ConfigError for a schema that is no plain name. */
export function postgresSettings(some: Partial<PostgresSettings>): PostgresSettings {
  const settings = { ...defaults, ...some };
  // It stands in SQL text and in a start-up option, where nothing can be a parameter.
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(settings.schema)) {
    throw new ConfigError([`schema "${settings.schema}": use a-z, 0-9 and "_" only`]);
  }
  return settings;
}
