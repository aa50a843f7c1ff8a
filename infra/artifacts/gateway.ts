import {
  CreateBucketCommand,
  ListBucketsCommand,
  PutBucketPolicyCommand,
  S3Client,
} from '@aws-sdk/client-s3';

export interface GatewayOptions {
  /** Of the S3 API. */
  readonly endpoint: string;
  /** Of the gateway's own API, which makes accounts. */
  readonly adminEndpoint: string;
  readonly region: string;
  readonly root: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** What makes a versitygw ready for a fleet. Everything may be done again; errors are the SDK's. */
export interface Gateway {
  /** Makes the account, or gives it this secret. It owns nothing, and may do what the bucket's policy says. */
  putAccount(access: string, secret: string): Promise<void>;
  putBucket(bucket: string): Promise<void>;
  putPolicy(bucket: string, policy: string): Promise<void>;
  close(): void;
}

/** Told of an account, or a bucket of ours, that is there already. */
const isThere = (error: unknown): boolean =>
  ['XAdminUserExists', 'BucketAlreadyOwnedByYou'].includes((error as Error).name);

export function openGateway({ endpoint, adminEndpoint, region, root }: GatewayOptions): Gateway {
  const client = (where: string) =>
    new S3Client({ endpoint: where, region, credentials: root, forcePathStyle: true });
  const s3 = client(endpoint);

  /** The gateway's own API is no part of S3; it is signed alike, so that a call of the SDK carries it. */
  async function ask(path: string, query: Record<string, string>, body: string): Promise<void> {
    const admin = client(adminEndpoint);
    admin.middlewareStack.add(
      (next) => (args) => {
        Object.assign(args.request as object, { method: 'PATCH', path, query, body });
        return next(args);
      },
      { step: 'build' },
    );
    try {
      await admin.send(new ListBucketsCommand());
    } finally {
      admin.destroy();
    }
  }

  return {
    async putAccount(access, secret) {
      const account = xml({ Access: access, Secret: secret, Role: 'user' });
      try {
        await ask('/create-user', {}, `<Account>${account}</Account>`);
      } catch (error) {
        if (!isThere(error)) throw error;
        const changed = xml({ Secret: secret, Role: 'user' });
        await ask('/update-user', { access }, `<MutableProps>${changed}</MutableProps>`);
      }
    },
    async putBucket(bucket) {
      try {
        await s3.send(new CreateBucketCommand({ Bucket: bucket }));
      } catch (error) {
        if (!isThere(error)) throw error;
      }
    },
    async putPolicy(bucket, policy) {
      await s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: policy }));
    },
    close: () => s3.destroy(),
  };
}

/** Names and secrets are letters, digits, `-` and `_`: nothing has to be escaped. */
function xml(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join('');
}
