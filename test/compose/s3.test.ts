import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv, promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectAmqp } from '../../shared/transport/amqp/transport.ts';
import { exchange } from '../../shared/transport/topology.ts';
import type { Subscription, Transport } from '../../shared/transport/transport.ts';
import { sampleBytes } from '../support/data.ts';
import { eventually } from '../support/eventually.ts';
import { writeLargePng } from '../support/large-png.ts';
import { type ComposeProject, composeProject, freePort } from './project.ts';
import { buildStandIn } from './s3/image.ts';
import { type Allowed, bucketAs, places, tried } from './s3/permissions.ts';

const script = resolve(import.meta.dirname, '../../infra/artifacts/write-accounts.ts');

/** With a stand-in for versitygw, whose own image may be out of reach; S3_IMAGE=versity/versitygw:… tries the real one. */
describe('docker compose with docker-compose.s3.yml', () => {
  let project: ComposeProject;
  let transport: Transport;
  let endpoint: string;
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-compose-s3-'));
  const accounts = join(folder, 'accounts');
  const receipt = join(folder, 'receipt.png');

  const keysIn = (file: string): readonly [string, string] =>
    Object.values(parseEnv(readFileSync(join(accounts, file), 'utf8'))) as [string, string];
  const asRoot = () => bucketAs(endpoint, keysIn('s3.root.env'));

  beforeAll(async () => {
    const paper = { times: 3, width: 1_900, height: 2_200 };
    await writeLargePng(sampleBytes('receipt-groceries'), receipt, paper);
    await promisify(execFile)(process.execPath, [script, accounts]);
    const port = await freePort();
    endpoint = `http://127.0.0.1:${port}`;
    const [accessKeyId, secretAccessKey] = keysIn('cli.env');
    project = await composeProject({
      files: ['docker-compose.s3.yml', 'test/compose/s3/copy.compose.yml'],
      env: {
        S3_IMAGE: process.env['S3_IMAGE'] ?? (await buildStandIn()),
        S3_PORT: String(port),
        S3_ACCOUNTS: accounts,
      },
      toolEnv: {
        ARTIFACTS: 's3://artifacts',
        ARTIFACT_ENDPOINT: endpoint,
        ARTIFACT_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      },
    });
    await project.compose('up', '--build', '--detach', '--wait', '--wait-timeout', '300');
    transport = await connectAmqp({ url: await project.urlOfEverything() });
  });
  afterAll(async () => {
    await transport?.close();
    const down = async () => project?.compose('down', '--volumes', '--timeout', '5');
    await eventually(down, { timeoutMs: 120_000, intervalMs: 1_000 });
    rmSync(folder, { recursive: true });
  });

  it('reads a large image that lies in the bucket and in no message', async () => {
    const bodies: Buffer[] = [];
    const tap = Promise.withResolvers<Subscription>();
    const subscription = await transport.consumeExclusive(
      {
        name: `client.everything.tap-${process.pid}`,
        bindings: [exchange.jobs, exchange.work, exchange.replies, exchange.results].map(
          (name) => ({ exchange: name, routingKey: '#' }),
        ),
      },
      {
        prefetch: 100,
        onBatch: async (deliveries) => {
          bodies.push(...deliveries.map(({ body }) => Buffer.from(body)));
          (await tap.promise).settle(deliveries, 'ack');
        },
      },
    );
    tap.resolve(subscription);
    const args = ['run', 'receipt', '--image', receipt, '--broker', project.url, '--json'];
    const { run, payload } = JSON.parse(await project.flotilla(...args));
    expect(run).toMatchObject({ flow: 'receipt', status: 'succeeded' });
    expect(payload).toMatchObject({ tag: 'groceries', amount: 21.92 });
    // A job, two requests and their replies, a result.
    await eventually(() => bodies.length >= 6);
    await subscription.close();
    expect(Math.max(...bodies.map(({ length }) => length))).toBeLessThan(16 * 1024);

    const root = asRoot();
    const { objects } = await root.list(`default/${run.id}/`, undefined, 10);
    expect(objects).toHaveLength(1);
    const { body } = await root.getObject(objects[0]!.key, new AbortController().signal);
    expect(Buffer.concat(await body.toArray()).equals(readFileSync(receipt))).toBe(true);
    root.close();
  });

  it('gives a large value out to the host, as a file and by an address that it lends', async () => {
    const out = join(folder, 'copy.png');
    const args = ['run', 'copy', '--image', receipt, '--out', out, '--broker', project.url];
    const { run } = JSON.parse(await project.flotilla(...args, '--json'));
    expect(readFileSync(out).equals(readFileSync(receipt))).toBe(true);
    const ask = ['run', '--rm', '--no-TTY', 'cli', 'result', run.id, '--links', '10m'];
    const shown = await project.compose(...ask);
    const address = /http:\S+/.exec(shown)?.[0] ?? '';
    const lent = await fetch(address);
    expect(lent.status).toBe(200);
    expect(Buffer.from(await lent.arrayBuffer()).equals(readFileSync(receipt))).toBe(true);
  });

  it('lets each account do what its service needs, and nothing else', async () => {
    const names = readdirSync(accounts).filter((name) => !name.startsWith('s3.'));
    expect(names.length).toBeGreaterThan(15);
    const root = asRoot();
    for (const file of names) {
      const account = file.replace('.env', '');
      const bucket = bucketAs(endpoint, keysIn(file));
      expect([account, await tried(root, bucket, account)]).toEqual([account, expected(account)]);
      bucket.close();
    }
    root.close();
  });

  it('makes no account for whoever reaches the bucket, and shows nothing to whoever has none', async () => {
    const made = await fetch(`${endpoint}/create-user`, { method: 'PATCH' });
    expect(made.ok).toBe(false);
    expect((await fetch(`${endpoint}/artifacts/?list-type=2`)).status).toBe(403);
    const nobody = bucketAs(endpoint, ['nobody', 'x'.repeat(43)]);
    await expect(nobody.list('', undefined, 10)).rejects.toMatchObject({
      name: 'InvalidAccessKeyId',
    });
    nobody.close();
  });
});

function expected(account: string): Allowed {
  const ofDefault = places.filter((place) => place.startsWith('default '));
  const own = places.filter((place) => place.endsWith(' own'));
  const none = { deletes: [], lists: false };
  if (account === 'coordinator') {
    return { reads: places, writes: places, deletes: places, lists: true };
  }
  if (account === 'gateway') return { reads: places, writes: places, ...none };
  if (account === 'cli') return { reads: ofDefault, writes: ofDefault, ...none };
  return { reads: places, writes: own, ...none };
}
