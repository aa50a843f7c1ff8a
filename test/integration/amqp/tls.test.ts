import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { TlsFiles } from '../../../shared/tls/tls-files.ts';
import { dial } from '../../../shared/transport/amqp/dial.ts';
import { type AmqpOptions, amqpSettings } from '../../../shared/transport/amqp/options.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import type { Transport } from '../../../shared/transport/transport.ts';
import type { PrivateBroker } from '../../support/broker/running-broker.ts';
import { startPrivateBroker } from '../../support/broker.ts';
import { eventually } from '../../support/eventually.ts';
import { TestAuthority } from '../../support/test-certificates.ts';

/** A broker with a TLS listener that asks for client certificates, whose own certificate goes bad in every way. */

let authority: TestAuthority;
let stranger: TestAuthority;
let broker: PrivateBroker;
let files: Awaited<ReturnType<TestAuthority['client']>>;
const open: Transport[] = [];

beforeAll(async () => {
  authority = await TestAuthority.make();
  stranger = await TestAuthority.make();
  files = await authority.client('flotilla');
  broker = await startPrivateBroker(await authority.server());
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((transport) => transport.close()));
  await broker.renew(await authority.server());
});

afterAll(async () => {
  await broker?.stop();
  authority?.close();
  stranger?.close();
});

const urlAt = (port: number, scheme = 'amqps') => `${scheme}://guest:guest@127.0.0.1:${port}`;

async function connect(options: Partial<AmqpOptions> = {}): Promise<Transport> {
  const transport = await connectAmqp({ url: urlAt(broker.tlsPort), tls: files, ...options });
  open.push(transport);
  return transport;
}

/** The code with which one attempt to connect ends. */
async function failure(options: { url?: string; tls?: TlsFiles } = {}): Promise<unknown> {
  const { url = urlAt(broker.tlsPort), tls = files } = options;
  const settings = amqpSettings({ url, tls });
  const attempt = dial(settings.addresses[0], settings, new AbortController().signal);
  const error = await attempt.then(
    (connection) => connection.close(1_000),
    (thrown) => thrown,
  );
  return error?.code;
}

describe('over TLS', { timeout: 60_000 }, () => {
  test('messages are published, to a broker that knows us by our certificate', async () => {
    const transport = await connect();
    const message = { exchange: 'flotilla.jobs', routingKey: 'support', body: Buffer.from('{}') };
    const outcomes = await transport.publish([{ ...message, messageId: 'one', type: 'job' }]);
    expect(outcomes).toEqual([{ status: 'confirmed' }]);
    expect(await broker.control('list_connections', 'ssl', 'peer_cert_subject')).toContain(
      'CN=flotilla',
    );
  });

  test('whoever names no user logs in with its certificate, as whom that is for', async () => {
    const url = `amqps://127.0.0.1:${broker.tlsPort}`;
    await broker.control('add_user', 'sentiment', 'a password that nobody uses');
    await broker.control('set_permissions', 'sentiment', '.*', '.*', '.*');
    const transport = await connect({ url, tls: await authority.client('sentiment') });
    expect(transport.userId).toBe('sentiment');
    const message = { exchange: 'flotilla.jobs', routingKey: 'support', body: Buffer.from('{}') };
    const outcomes = await transport.publish([{ ...message, messageId: 'two', type: 'job' }]);
    expect(outcomes).toEqual([{ status: 'confirmed' }]);
    expect(await broker.control('list_connections', 'user', 'auth_mechanism')).toMatch(
      /sentiment\tEXTERNAL/,
    );
    const unknown = await authority.client('stranger');
    expect(await failure({ url, tls: unknown })).toBe('broker_refused');
  });

  test('a client without a certificate is refused', async () => {
    // A broker may also just end the connection before its word arrives.
    const refused = async () =>
      expect(await failure({ tls: { ca: files.ca } })).toBe('tls_client_certificate_refused');
    await eventually(refused, { timeoutMs: 30_000 });
  });

  test('a broker whose certificate nobody here believes is not connected to', async () => {
    await broker.renew({ ...(await stranger.server()), authority: authority.certificate });
    expect(await failure()).toBe('tls_unknown_authority');
  });

  test('nor is one without our authority named, or with the certificate of another host', async () => {
    const { cert, key } = files;
    expect(await failure({ tls: { cert, key } })).toBe('tls_unknown_authority');
    await broker.renew(await authority.server({ hosts: ['broker.example'] }));
    expect(await failure()).toBe('tls_wrong_name');
  });

  test('a port where no TLS is spoken is never used in plain text', async () => {
    expect(await failure({ url: urlAt(broker.port) })).toBe('tls_not_spoken');
    expect(await failure({ url: urlAt(broker.tlsPort, 'amqp') })).toBe('broker_unreachable');
  });

  test('an expired certificate is told of, and a renewed one is found by itself', async () => {
    await broker.renew(await authority.server({ expired: true }));
    const told: unknown[] = [];
    const onError = (error: Error) => told.push('code' in error ? error.code : error.message);
    const connecting = connect({ onError });
    await eventually(() => expect(told).toContain('tls_certificate_expired'), {
      timeoutMs: 30_000,
    });
    await broker.renew(await authority.server());
    expect((await connecting).state).toBe('connected');
  });

  test('a connection that ends when its broker has a new authority is made again with the new file', async () => {
    const ca = authority.file('changing.crt', authority.certificate);
    const told: unknown[] = [];
    const onError = (error: Error) => told.push('code' in error ? error.code : error.message);
    const transport = await connect({ tls: { ...files, ca }, onError });
    await broker.renew({ ...(await stranger.server()), authority: authority.certificate });
    await broker.control('close_all_connections', 'new certificates');
    await eventually(() => expect(told).toContain('tls_unknown_authority'), { timeoutMs: 30_000 });
    authority.file('changing.crt', stranger.certificate);
    await eventually(() => expect(transport.state).toBe('connected'), { timeoutMs: 30_000 });
  });
});

test('a password that changed is read from its file by the next attempt to connect', {
  timeout: 60_000,
}, async () => {
  await broker.control('add_user', 'rotating', 'old');
  await broker.control('set_permissions', 'rotating', '.*', '.*', '.*');
  const passwordFile = authority.file('password', 'old\n');
  const url = `amqp://rotating@127.0.0.1:${broker.port}`;
  const told: unknown[] = [];
  const onError = (error: Error) => told.push('code' in error ? error.code : error.message);
  const transport = await connectAmqp({ url, passwordFile, onError });
  open.push(transport);
  await broker.control('change_password', 'rotating', 'new');
  await broker.control('close_all_connections', 'new password');
  await eventually(() => expect(told).toContain('broker_refused'), { timeoutMs: 30_000 });
  authority.file('password', 'new\n');
  await eventually(() => expect(transport.state).toBe('connected'), { timeoutMs: 30_000 });
});
