import type { BrokerUser } from '../rabbitmq/users.ts';

/** What one service may do with the bucket: actions of S3, and the patterns of keys they are for. */
interface Grant {
  readonly actions: readonly string[];
  /** `*` stands for anything, also for `/`; undefined: the bucket itself. */
  readonly keys?: string;
}

/** A policy as AWS and MinIO read it. */
export interface Policy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

interface Statement {
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

/** The policy of a bucket, whose statements say whom each is for. */
export interface SharedPolicy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly (Statement & {
    readonly Principal: { readonly AWS: readonly string[] };
  })[];
}

const read = ['s3:GetObject'];
/** The second takes back an upload of parts that failed. */
const write = ['s3:PutObject', 's3:AbortMultipartUpload'];

/**
 * The one table. Nobody but the coordinator may list or delete: a service finds what it was told the key of, 128 bits that nobody
 * guesses. A model writes under its own name alone, a client under its tenant's.
 */
function grantsOf(user: BrokerUser, tenant: string): readonly Grant[] {
  switch (user.role) {
    case 'coordinator':
      return [
        { actions: ['s3:ListBucket'] },
        { actions: [...read, ...write, 's3:DeleteObject'], keys: '*/*/*' },
      ];
    case 'worker':
      return [
        { actions: read, keys: '*/*/*' },
        { actions: write, keys: `*/*/${user.name}/*` },
      ];
    case 'client': {
      const whose = user.forOthers ? '*' : tenant;
      return [{ actions: [...read, ...write], keys: `${whose}/*/*` }];
    }
  }
}

/** The policy of a service or a client of this tenant. */
export function policyOf(user: BrokerUser, tenant: string, bucket: string): Policy {
  const arn = `arn:aws:s3:::${bucket}`;
  return {
    Version: '2012-10-17',
    Statement: grantsOf(user, tenant).map(({ actions, keys }) => ({
      Effect: 'Allow',
      Action: actions,
      Resource: [keys === undefined ? arn : `${arn}/${keys}`],
    })),
  };
}

/**
 * What all of them may do in one policy, for a service whose users have no policies of their own (versitygw). Its users are named
 * like ours. Nothing in it asks for TLS: versitygw reads no conditions, and would refuse everybody everything.
 */
export function sharedPolicy(
  users: readonly BrokerUser[],
  tenantOf: (name: string) => string,
  bucket: string,
): SharedPolicy {
  const granted = users.flatMap((user) =>
    policyOf(user, tenantOf(user.name), bucket).Statement.map((statement) => ({ user, statement })),
  );
  // One statement for all who may do the same: what a bucket's policy may weigh is bounded.
  const alike = Map.groupBy(granted, ({ statement }) => JSON.stringify(statement));
  return {
    Version: '2012-10-17',
    Statement: [...alike.values()].map((some) => ({
      ...some[0]!.statement,
      Principal: { AWS: some.map(({ user }) => user.name) },
    })),
  };
}

/** Of the bucket itself: nobody gets in without TLS. */
export function bucketPolicy(bucket: string): object {
  const arn = `arn:aws:s3:::${bucket}`;
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: [arn, `${arn}/*`],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ],
  };
}

/**
 * Of the bucket itself: parts of uploads that a killed process began. Nothing else expires by age: the coordinators know what an
 * open run refers to, and the bucket does not.
 */
export const lifecycle = {
  Rules: [
    {
      ID: 'unfinished-uploads',
      Status: 'Enabled',
      Filter: {},
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
    },
  ],
};
