import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type CertificatePair, issueCertificate, makeAuthority } from './certificates.ts';

const usage = `npm run certs -- [folder] [options]
Makes certificates for development in the folder (default .flotilla/certs): an authority where there is none, and by it a
server certificate (server.crt) and a client certificate for each name. Run it again to renew them.
  --host <name>      a host name or address of the servers; may be said again
                     (default localhost, 127.0.0.1, ::1, rabbitmq, postgres)
  --client <name>    a client; may be said again (default flotilla)
  --days <number>    how long the certificates hold (default 90)
`;

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 1_825;

/** `npm run certs`: ends with 0, or with 2 and a sentence. */
try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      host: { type: 'string', multiple: true },
      client: { type: 'string', multiple: true, default: ['flotilla'] },
      days: { type: 'string', default: '90' },
    },
  });
  const [folder = '.flotilla/certs', ...others] = positionals;
  const days = Number(values.days);
  if (others.length > 0) throw new Error('Name one folder.');
  if (!(days > 0)) throw new Error(`"${values.days}" is no number of days.`);
  const hosts = values.host ?? ['localhost', '127.0.0.1', '::1', 'rabbitmq', 'postgres'];
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const authority = await authorityIn(folder);
  const validity = validFor(days);
  write(
    folder,
    'server',
    await issueCertificate(authority, { name: 'server', hosts, ...validity }),
  );
  for (const name of values.client) {
    write(folder, name, await issueCertificate(authority, { name, ...validity }));
  }
  process.stdout.write(
    `${folder}: ca.crt, server.crt for ${hosts.join(', ')}, ${values.client.map((name) => `${name}.crt`).join(', ')}, good for ${days} days.\n`,
  );
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 2;
}

async function authorityIn(folder: string): Promise<CertificatePair> {
  const [certificate, key] = [join(folder, 'ca.crt'), join(folder, 'ca.key')];
  if (existsSync(certificate) && existsSync(key)) {
    return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
  }
  const made = await makeAuthority('Flotilla development', validFor(AUTHORITY_DAYS));
  write(folder, 'ca', made);
  return made;
}

function write(folder: string, name: string, { certificate, key }: CertificatePair): void {
  writeFileSync(join(folder, `${name}.crt`), certificate, { mode: 0o644 });
  writeFileSync(join(folder, `${name}.key`), key, { mode: 0o600 });
}

/** From a minute ago: clocks differ. */
function validFor(days: number): { notBefore: Date; notAfter: Date } {
  const nowMs = Date.now();
  return { notBefore: new Date(nowMs - 60_000), notAfter: new Date(nowMs + days * DAY_MS) };
}
