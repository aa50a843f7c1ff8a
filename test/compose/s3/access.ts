import type { IncomingMessage } from 'node:http';

/** A bucket's policy, as versitygw reads it: by account, action and resource, and without conditions. */
export interface Policy {
  readonly Statement: readonly {
    readonly Principal: { readonly AWS: readonly string[] };
    readonly Action: readonly string[];
    readonly Resource: readonly string[];
  }[];
}

type Asked = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;

/** The account that a request is signed for, in its header or its address; undefined: none. */
export function accountOf({ url = '', headers }: Asked): string | undefined {
  const signed = /Credential=([^/,]+)\//.exec(headers.authorization ?? '')?.[1];
  const lent = new URL(url, 'http://localhost').searchParams.get('X-Amz-Credential');
  return signed ?? lent?.split('/')[0];
}

/** Whether the policy allows this account that request: nothing is that no statement allows. */
export function allows(policy: Policy | undefined, account: string, asked: Asked): boolean {
  const action = actionOf(asked);
  const [, resource = ''] = pathOf(asked).match(/^\/(.*?)\/?$/) ?? [];
  return (policy?.Statement ?? []).some(
    (statement) =>
      statement.Principal.AWS.includes(account) &&
      statement.Action.includes(action) &&
      statement.Resource.some((pattern) => matches(pattern, `arn:aws:s3:::${resource}`)),
  );
}

function pathOf({ url = '' }: Asked): string {
  return decodeURIComponent(new URL(url, 'http://localhost').pathname);
}

/** The action of S3 that a request stands for; `''` for those that nobody needs. */
function actionOf(asked: Asked): string {
  const { method = '', url = '' } = asked;
  const query = new URL(url, 'http://localhost').searchParams;
  const isObject = /^\/[^/]+\/./.test(pathOf(asked));
  if (!isObject) return method === 'GET' && query.has('list-type') ? 's3:ListBucket' : '';
  if (method === 'GET' || method === 'HEAD') return 's3:GetObject';
  if (method === 'PUT' || method === 'POST') return 's3:PutObject';
  if (method !== 'DELETE') return '';
  return query.has('uploadId') ? 's3:AbortMultipartUpload' : 's3:DeleteObject';
}

/** `*` stands for anything, also for `/`. */
function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.?+^$()[\]{}|\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(text);
}
