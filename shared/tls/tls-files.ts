import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { ConfigError, TransportError } from '../errors/errors.ts';

/** PEM files for a TLS connection, by path. */
export interface TlsFiles {
  /** Authorities that are believed instead of those that Node brings. */
  readonly ca?: string | undefined;
  /** A client certificate and its key, for servers that ask for one. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** What `tls.connect` takes. The peer is always verified. */
export interface TlsMaterial {
  readonly minVersion: 'TLSv1.2';
  readonly rejectUnauthorized: true;
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

const verified = { minVersion: 'TLSv1.2', rejectUnauthorized: true } as const;

/** Reads the files anew, so that a certificate that was renewed serves the next connection. Throws TransportError `tls_files_unreadable`. */
export async function readTlsFiles(files: TlsFiles): Promise<TlsMaterial> {
  const { ca, cert, key } = files;
  const [caBytes, certBytes, keyBytes] = await Promise.all([ca, cert, key].map(readOne));
  return {
    ...verified,
    ...(caBytes === undefined ? {} : { ca: caBytes }),
    ...(certBytes === undefined ? {} : { cert: certBytes }),
    ...(keyBytes === undefined ? {} : { key: keyBytes }),
  };
}

/**
 * Throws ConfigError with every problem: a file that cannot be read, or a certificate without its key. `prefix` begins the names
 * of the environment variables: `AMQP` for AMQP_CA_FILE.
 */
export function checkTlsFiles(files: TlsFiles, prefix: string): void {
  const problems = (['ca', 'cert', 'key'] as const).flatMap((name) => {
    const path = files[name];
    const variable = `${prefix}_${name.toUpperCase()}_FILE`;
    return path === undefined ? [] : unreadable(path, variable);
  });
  if ((files.cert === undefined) !== (files.key === undefined)) {
    problems.push(`${prefix}_CERT_FILE and ${prefix}_KEY_FILE go together: set both or neither.`);
  }
  if (problems.length > 0) throw new ConfigError(problems, 'tls_files_invalid');
}

/** Why a file cannot be read, as a list of one sentence or none. */
export function unreadable(path: string, variable: string): string[] {
  try {
    readFileSync(path);
    return [];
  } catch (error) {
    return [`${variable}: ${path} cannot be read (${codeOf(error)}).`];
  }
}

/** The common name of whom a certificate is for; undefined where it names none, or cannot be read yet. */
export function commonNameIn(path: string): string | undefined {
  try {
    const { subject } = new X509Certificate(readFileSync(path));
    return /^CN=(.+)$/m.exec(subject)?.[1];
  } catch {
    return undefined;
  }
}

async function readOne(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (error) {
    throw new TransportError(
      'tls_files_unreadable',
      `${path} cannot be read (${codeOf(error)}): put the file back, or name another.`,
      { cause: error },
    );
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
