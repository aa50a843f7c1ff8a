import { readFileSync } from 'node:fs';
import type { PoolConfig } from 'pg';
import { ConfigError } from '../../../../shared/errors/errors.ts';
import { checkTlsFiles, type TlsFiles } from '../../../../shared/tls/tls-files.ts';

export interface DatabaseAddress {
  /** Without the parameters of TLS, which are in `ssl`. */
  readonly connectionString: string;
  readonly ssl: Exclude<PoolConfig['ssl'], boolean | undefined> | false;
}

/** Modes of libpq that mean TLS. The server is verified in each, its name too. */
const encrypted = ['require', 'verify-ca', 'verify-full'];

/**
 * What a database URL and the files of the environment say of TLS: none with neither `sslmode` nor files. The files are read for
 * each connection, so that one that was renewed serves the next. Throws ConfigError for files that cannot be read, and for a mode
 * that could go in plain text or believe anybody.
 */
export function databaseAddress(url: string, environment: TlsFiles): DatabaseAddress {
  const address = new URL(url);
  const parameter = (name: string) => {
    const value = address.searchParams.get(name) ?? undefined;
    address.searchParams.delete(name);
    return value;
  };
  const mode = parameter('sslmode');
  const files = {
    ca: parameter('sslrootcert') ?? environment.ca,
    cert: parameter('sslcert') ?? environment.cert,
    key: parameter('sslkey') ?? environment.key,
  };
  const given = Object.values(files).some((file) => file !== undefined);
  if (mode !== undefined && mode !== 'disable' && !encrypted.includes(mode)) {
    throw new ConfigError([
      `DATABASE_URL: sslmode=${mode} could go in plain text or believe anybody; use verify-full, or disable on this host.`,
    ]);
  }
  if (mode === 'disable' && given) {
    throw new ConfigError(['DATABASE_URL says sslmode=disable, but there are files for TLS.']);
  }
  checkTlsFiles(files, 'DATABASE');
  const connectionString = address.href;
  if (mode === 'disable' || (mode === undefined && !given)) return { connectionString, ssl: false };
  return { connectionString, ssl: connectOptions(address.hostname, files) };
}

/** pg copies these for each connection: a getter is read each time. */
function connectOptions(hostname: string, files: TlsFiles): Exclude<DatabaseAddress['ssl'], false> {
  const options = {
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    // pg names the server only where it is no address; Node would then ask for a certificate of "localhost".
    host: hostname.replace(/^\[|\]$/g, ''),
  } as const;
  for (const [name, path] of Object.entries(files)) {
    if (path === undefined) continue;
    const get = () => readFileSync(path);
    Object.defineProperty(options, name, { get, enumerable: true, configurable: true });
  }
  return options;
}
