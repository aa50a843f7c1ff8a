import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv, promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  bucketPolicy,
  type Policy,
  policyOf,
  sharedPolicy,
} from '../../../infra/artifacts/policies.ts';
import { usersOf } from '../../../infra/rabbitmq/fleet-users.ts';
import { mintKey } from '../../../shared/artifacts/keys.ts';

const run = '0f0e5f4e-3f0c-5a57-9d3e-5f6a7b8c9d10';
const tenants: Record<string, string> = { shop: 'acme' };
const users = usersOf(
  [
    { name: 'ocr', version: 1 },
    { name: 'ocr-fast', version: 1 },
  ],
  ['shop', 'blog'],
);
const policies = new Map(
  users.map((user) => [user.name, policyOf(user, tenants[user.name] ?? 'default', 'fleet')]),
);

/** Keys as we make them: who wrote them for whom. */
const keys = {
  'acme job': mintKey({ tenant: 'acme', run }, 0),
  'acme ocr': mintKey({ tenant: 'acme', run, model: 'ocr' }, 0),
  'acme ocr-fast': mintKey({ tenant: 'acme', run, model: 'ocr-fast' }, 0),
  'default job': mintKey({ tenant: 'default', run }, 0),
  'default ocr': mintKey({ tenant: 'default', run, model: 'ocr' }, 0),
} as const;
const all = Object.keys(keys) as (keyof typeof keys)[];
const ofTenant = (tenant: string) => all.filter((name) => name.startsWith(`${tenant} `));
const ofModel = (model: string) => all.filter((name) => name.endsWith(` ${model}`));

/** What each may do; everything else is refused. */
const allowed: Record<string, Record<string, readonly string[]>> = {
  coordinator: {
    's3:GetObject': all,
    's3:PutObject': all,
    's3:AbortMultipartUpload': all,
    's3:DeleteObject': all,
    's3:ListBucket': ['the bucket'],
  },
  ocr: {
    's3:GetObject': all,
    's3:PutObject': ofModel('ocr'),
    's3:AbortMultipartUpload': ofModel('ocr'),
  },
  'ocr-fast': {
    's3:GetObject': all,
    's3:PutObject': ofModel('ocr-fast'),
    's3:AbortMultipartUpload': ofModel('ocr-fast'),
  },
  gateway: { 's3:GetObject': all, 's3:PutObject': all, 's3:AbortMultipartUpload': all },
  cli: tenantOnly('default'),
  shop: tenantOnly('acme'),
  blog: tenantOnly('default'),
};

function tenantOnly(tenant: string): Record<string, readonly string[]> {
  const own = ofTenant(tenant);
  return { 's3:GetObject': own, 's3:PutObject': own, 's3:AbortMultipartUpload': own };
}

const actions = [
  's3:GetObject',
  's3:PutObject',
  's3:AbortMultipartUpload',
  's3:DeleteObject',
  's3:ListBucket',
  's3:PutBucketPolicy',
  's3:DeleteBucket',
  's3:PutObjectAcl',
  's3:GetObjectVersion',
];
const resources: Record<string, string> = {
  'the bucket': 'arn:aws:s3:::fleet',
  'another bucket': 'arn:aws:s3:::fleet-backup',
  'a key of another bucket': `arn:aws:s3:::fleet-backup/${keys['acme ocr']}`,
  'a file at the top': 'arn:aws:s3:::fleet/secrets.txt',
  ...Object.fromEntries(all.map((name) => [name, `arn:aws:s3:::fleet/${keys[name]}`])),
};

/** As S3 decides: nothing is allowed that no statement allows; `*` stands for anything. */
function allows(policy: Pick<Policy, 'Statement'>, action: string, resource: string): boolean {
  return policy.Statement.some(
    (statement) =>
      statement.Action.includes(action) &&
      statement.Resource.some((pattern) =>
        new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`, 's').test(resource),
      ),
  );
}

describe('the policies of the bucket', () => {
  it('are there for every service and client', () => {
    expect([...policies.keys()].sort()).toEqual(Object.keys(allowed).sort());
  });

  it.each([...policies])('allow %s what it needs, and nothing else', (user, policy) => {
    for (const action of actions) {
      const may = Object.keys(resources).filter((name) => allows(policy, action, resources[name]!));
      expect({ action, may }).toEqual({ action, may: [...(allowed[user]?.[action] ?? [])] });
    }
  });

  it('use no wildcard for an action', () => {
    const used = [...policies.values()].flatMap(({ Statement }) =>
      Statement.flatMap(({ Action }) => Action),
    );
    expect(used.filter((action) => action.includes('*'))).toEqual([]);
  });

  it('say the same in one, for a service whose users have none of their own', () => {
    const shared = sharedPolicy(users, (name) => tenants[name] ?? 'default', 'fleet');
    for (const [user, own] of policies) {
      const his = shared.Statement.filter(({ Principal }) => Principal.AWS.includes(user));
      for (const action of actions) {
        const may = (policy: Pick<Policy, 'Statement'>) =>
          Object.keys(resources).filter((name) => allows(policy, action, resources[name]!));
        expect([user, action, may({ Statement: his })]).toEqual([user, action, may(own)]);
      }
    }
    // It has to fit where policies are kept, and versitygw reads no conditions.
    expect(shared.Statement.length).toBeLessThan(2 * users.length);
    expect(JSON.stringify(shared)).not.toContain('Condition');
  });

  it('let nobody in without TLS', () => {
    expect(bucketPolicy('fleet')).toMatchObject({
      Statement: [
        {
          Effect: 'Deny',
          Action: 's3:*',
          Resource: ['arn:aws:s3:::fleet', 'arn:aws:s3:::fleet/*'],
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ],
    });
  });
});

describe('npm run artifacts:accounts', () => {
  const script = resolve(import.meta.dirname, '../../../infra/artifacts/write-accounts.ts');
  const execute = promisify(execFile);

  it('makes a secret for each service and client once, which nobody else may read', async () => {
    const folder = join(await mkdtemp(join(tmpdir(), 'flotilla-accounts-')), 's3');
    const contents = async (names: readonly string[]) =>
      Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    try {
      await execute(process.execPath, [script, folder]);
      const files = (await readdir(folder)).filter((name) => name !== 's3.bucket.env');
      const made = await contents(files);
      expect(new Set(made.map((text) => text.split('=').at(-1))).size).toBe(files.length);
      await execute(process.execPath, [script, folder, '--client', 'shop']);
      expect(await contents(files)).toEqual(made);

      const shop = parseEnv((await contents(['shop.env'])).join());
      expect(shop['AWS_ACCESS_KEY_ID']).toBe('shop');
      const all = parseEnv((await contents(['s3.bucket.env'])).join());
      const accounts = JSON.parse(all['ARTIFACT_ACCOUNTS'] ?? '');
      expect(accounts).toMatchObject({ shop: shop['AWS_SECRET_ACCESS_KEY'] });
      expect(Object.keys(accounts)).not.toContain('s3.root');
      const named = JSON.parse(all['ARTIFACT_POLICY'] ?? '').Statement.flatMap(
        (statement: { Principal: { AWS: string[] } }) => statement.Principal.AWS,
      );
      expect(new Set(named)).toEqual(new Set(Object.keys(accounts)));
      for (const name of await readdir(folder)) {
        expect([name, (await stat(join(folder, name))).mode & 0o777]).toEqual([name, 0o600]);
      }
    } finally {
      await rm(resolve(folder, '..'), { recursive: true });
    }
  });
});

describe('npm run artifacts:policy', () => {
  const script = resolve(import.meta.dirname, '../../../infra/artifacts/write.ts');
  const execute = promisify(execFile);

  it('writes one for each service of this build, and those that it is told of', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-policies-'));
    try {
      const names = ['--client', 'shop', '--model', 'my-model.v2'];
      await execute(process.execPath, [script, folder, '--bucket', 'fleet', ...names]);
      const files = await readdir(folder);
      const some = ['coordinator', 'ocr', 'cli', 'shop', 'my-model'].map(
        (n) => `service-${n}.json`,
      );
      expect(files).toEqual(expect.arrayContaining([...some, 'bucket.json', 'lifecycle.json']));
      const written = JSON.parse(await readFile(join(folder, 'service-ocr.json'), 'utf8'));
      expect(written).toEqual(policies.get('ocr'));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('ends with 2 and a sentence without a bucket', async () => {
    await expect(execute(process.execPath, [script, '/nowhere'])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--bucket'),
    });
  });
});
