import { FleetError, type TransientError } from '../../errors/errors.ts';
import { artifactUnavailable } from '../artifact-errors.ts';

/** True when the service says that the object (or the upload) is not there. */
export function isMissing(error: unknown): boolean {
  return ['NoSuchKey', 'NotFound', 'NoSuchUpload'].includes(nameOf(error));
}

/**
 * An error of the SDK or of a connection as the store tells it: `artifact_unavailable` with the service's own word. Errors of
 * ours stay what they are.
 */
export function explainFault(store: string, error: unknown): FleetError | TransientError {
  if (error instanceof FleetError) return error;
  const name = nameOf(error);
  const status = (error as Fault).$metadata?.httpStatusCode;
  const hint = hints[name];
  const facts = [name, ...(status === undefined ? [] : [`status ${status}`])].join(', ');
  return artifactUnavailable(store, `did not do it (${facts})${hint ? `: ${hint}` : ''}`, error);
}

interface Fault {
  readonly name?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const hints: Readonly<Record<string, string>> = {
  AccessDenied:
    'the policy of the bucket does not allow it, or the object is gone and the policy does not allow to list',
  Forbidden: 'the policy of the bucket does not allow it',
  NoSuchBucket: 'there is no bucket of this name; make it first',
  CredentialsProviderError:
    'there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  InvalidAccessKeyId: 'the access key is not known there',
  SignatureDoesNotMatch: 'the secret key is wrong, or the clock is',
};

/** The code of a network error says more than its name, which is `Error`. */
function nameOf(error: unknown): string {
  const { name, code } = (error ?? {}) as Fault;
  return (name === undefined || name === 'Error' ? code : name) ?? 'unknown error';
}
