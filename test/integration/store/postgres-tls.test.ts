import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openPostgresStore } from '../../../services/coordinator/store/postgres/postgres-store.ts';
import type { Store } from '../../../services/coordinator/store/store.ts';
import type { TlsFiles } from '../../../shared/tls/tls-files.ts';
import { eventually } from '../../support/eventually.ts';
import type { PrivatePostgres } from '../../support/postgres/running-postgres.ts';
import { startPrivatePostgres } from '../../support/postgres.ts';
import { TestAuthority } from '../../support/test-certificates.ts';

/** A PostgreSQL that speaks TLS, whose certificate goes bad in every way. */

let authority: TestAuthority;
let stranger: TestAuthority;
let server: PrivatePostgres;
let plainUrl: string;
let files: Awaited<ReturnType<TestAuthority['client']>>;
const open: Store[] = [];

beforeAll(async () => {
  authority = await TestAuthority.make();
  stranger = await TestAuthority.make();
  files = await authority.client('flotilla');
  server = await startPrivatePostgres();
  plainUrl = await server.addDatabase('flotilla');
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((store) => store.close()));
});

afterAll(async () => {
  await server?.stop();
  authority?.close();
  stranger?.close();
});

async function sql(...statements: readonly string[]): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: plainUrl });
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) rows = (await client.query(statement)).rows;
    return rows;
  } finally {
    await client.end();
  }
}

/** Gives the server a certificate: a superuser may write files where its data is. */
async function serve({ certificate, key }: { certificate: string; key: string }): Promise<void> {
  const file = (name: string, text: string) =>
    `COPY (SELECT unnest(string_to_array('${text.trim()}', E'\\n'))) TO PROGRAM 'umask 077; cat > ${name}'`;
  await sql(
    file('tests.crt', certificate),
    file('tests.key', key),
    file('tests-ca.crt', authority.certificate),
    "ALTER SYSTEM SET ssl_cert_file = 'tests.crt'",
    "ALTER SYSTEM SET ssl_key_file = 'tests.key'",
    "ALTER SYSTEM SET ssl_ca_file = 'tests-ca.crt'",
    'ALTER SYSTEM SET ssl = on',
    'SELECT pg_reload_conf()',
  );
}

async function openStore(tls: TlsFiles = files, openTimeoutMs = 60_000): Promise<Store> {
  const store = await openPostgresStore(plainUrl, { tls, openTimeoutMs, maxConnections: 2 });
  open.push(store);
  return store;
}

/** The server takes up its files a moment after it was told to: until then it may answer as before. */
async function failsWith(code: string, tls: TlsFiles = files): Promise<void> {
  await eventually(() => expect(openStore(tls, 0)).rejects.toMatchObject({ code }), {
    timeoutMs: 30_000,
    intervalMs: 100,
  });
}

describe('a database with TLS', { timeout: 60_000 }, () => {
  test('that does not speak it is never used in plain text', async () => {
    await sql('ALTER SYSTEM SET ssl = off', 'SELECT pg_reload_conf()');
    await failsWith('tls_not_spoken');
  });

  test('is used encrypted, and knows us by our certificate', async () => {
    await serve(await authority.server());
    await openStore();
    const rows = await sql(
      "SELECT version, client_dn FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND application_name = 'flotilla'",
    );
    expect(rows[0]).toMatchObject({ client_dn: '/CN=flotilla' });
    expect(rows[0]?.['version']).toMatch(/^TLSv1\.[23]$/);
  });

  test('whose certificate is of an unknown authority or of another host is not connected to', async () => {
    await serve(await stranger.server());
    await failsWith('tls_unknown_authority');
    await serve(await authority.server({ hosts: ['database.example'] }));
    await failsWith('tls_wrong_name');
  });

  test('whose certificate expired is waited for until it has a good one', async () => {
    await serve(await authority.server({ expired: true }));
    await failsWith('tls_certificate_expired');
    const opening = openStore();
    await serve(await authority.server());
    expect(await (await opening).clockMs()).toBeGreaterThan(0);
  });

  test('is reached again when its authority changed and the file with it', async () => {
    const ca = authority.file('changing.crt', authority.certificate);
    const store = await openStore({ ...files, ca });
    await serve(await stranger.server());
    const end =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'flotilla'";
    await eventually(
      async () => {
        await sql(end);
        await expect(store.clockMs()).rejects.toMatchObject({ code: 'tls_unknown_authority' });
      },
      { timeoutMs: 30_000, intervalMs: 100 },
    );
    authority.file('changing.crt', stranger.certificate);
    await eventually(() => store.clockMs(), { timeoutMs: 30_000, intervalMs: 100 });
  });
});

test('a URL that could go in plain text, or believes anybody, is refused', async () => {
  for (const mode of ['prefer', 'allow', 'no-verify']) {
    const opening = openPostgresStore(`${plainUrl}?sslmode=${mode}`);
    await expect(opening).rejects.toThrow(`sslmode=${mode}`);
  }
});
