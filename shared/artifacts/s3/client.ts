import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

/** The only file of a service that knows the SDK: the calls that a store makes of one bucket. Errors are the SDK's; `faults.ts` reads them. */
export interface Bucket {
  putObject(key: string, body: Uint8Array, mediaType: string, signal: AbortSignal): Promise<void>;
  /** The upload's id. */
  beginUpload(key: string, mediaType: string, signal: AbortSignal): Promise<string>;
  uploadPart(part: UploadPart, body: Uint8Array, signal: AbortSignal): Promise<FinishedPart>;
  completeUpload(
    upload: Upload,
    parts: readonly FinishedPart[],
    signal: AbortSignal,
  ): Promise<void>;
  abortUpload(upload: Upload): Promise<void>;
  getObject(key: string, signal: AbortSignal): Promise<{ body: Readable; bytes: number }>;
  sizeOf(key: string, signal: AbortSignal): Promise<number>;
  deleteObject(key: string): Promise<void>;
  list(prefix: string, after: string | undefined, most: number): Promise<Listing>;
  presign(key: string, mediaType: string, seconds: number): Promise<string>;
  close(): void;
}

export interface Upload {
  readonly key: string;
  readonly id: string;
}

interface UploadPart extends Upload {
  /** From 1. */
  readonly number: number;
}

export interface FinishedPart {
  readonly number: number;
  readonly etag: string;
}

interface Listing {
  readonly objects: readonly { readonly key: string; readonly bytes: number }[];
  readonly more: boolean;
}

export interface BucketOptions {
  readonly bucket: string;
  readonly region: string;
  /** Left out: AWS. */
  readonly endpoint?: string | undefined;
  /** Where lent addresses lead. Left out: the endpoint. */
  readonly linkEndpoint?: string | undefined;
  /** The bucket in the path of an address, not in its host name. */
  readonly pathStyle: boolean;
  /** Left out: the SDK looks where AWS puts them (role of the machine, profile). */
  readonly credentials?: BucketCredentials | undefined;
  readonly connectTimeoutMs: number;
  /** How long a connection may say nothing. */
  readonly silenceMs: number;
  /** Tries of one call in all. */
  readonly attempts: number;
}

export interface BucketCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export function openBucket(options: BucketOptions): Bucket {
  const config: S3ClientConfig = {
    region: options.region,
    forcePathStyle: options.pathStyle,
    maxAttempts: options.attempts,
    requestHandler: {
      connectionTimeout: options.connectTimeoutMs,
      socketTimeout: options.silenceMs,
    },
    // The store has its own hash. What newer SDKs add is unknown to some services with the S3 API.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: withoutGaps(options.credentials) }),
  };
  const client = new S3Client(config);
  // An address is signed for the host that it leads to; signing asks nobody.
  const { linkEndpoint } = options;
  const lender = linkEndpoint ? new S3Client({ ...config, endpoint: linkEndpoint }) : client;
  const Bucket = options.bucket;
  const uploadOf = ({ key, id }: Upload) => ({ Bucket, Key: key, UploadId: id });

  return {
    async putObject(key, body, mediaType, abortSignal) {
      const input = { Bucket, Key: key, Body: body, ContentType: mediaType };
      await client.send(new PutObjectCommand(input), { abortSignal });
    },
    async beginUpload(key, mediaType, abortSignal) {
      const input = { Bucket, Key: key, ContentType: mediaType };
      const answer = await client.send(new CreateMultipartUploadCommand(input), { abortSignal });
      return present(answer.UploadId);
    },
    async uploadPart(part, body, abortSignal) {
      const input = { ...uploadOf(part), PartNumber: part.number, Body: body };
      const { ETag } = await client.send(new UploadPartCommand(input), { abortSignal });
      return { number: part.number, etag: present(ETag) };
    },
    async completeUpload(upload, parts, abortSignal) {
      const Parts = parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag }));
      const input = { ...uploadOf(upload), MultipartUpload: { Parts } };
      await client.send(new CompleteMultipartUploadCommand(input), { abortSignal });
    },
    async abortUpload(upload) {
      await client.send(new AbortMultipartUploadCommand(uploadOf(upload)));
    },
    async getObject(key, abortSignal) {
      const answer = await client.send(new GetObjectCommand({ Bucket, Key: key }), { abortSignal });
      return { body: present(answer.Body) as Readable, bytes: present(answer.ContentLength) };
    },
    async sizeOf(key, abortSignal) {
      const answer = await client.send(new HeadObjectCommand({ Bucket, Key: key }), {
        abortSignal,
      });
      return present(answer.ContentLength);
    },
    async deleteObject(key) {
      await client.send(new DeleteObjectCommand({ Bucket, Key: key }));
    },
    async list(prefix, after, most) {
      const input = { Bucket, Prefix: prefix, StartAfter: after, MaxKeys: most };
      const answer = await client.send(new ListObjectsV2Command(input));
      const objects = (answer.Contents ?? []).map(({ Key, Size }) => ({
        key: present(Key),
        bytes: present(Size),
      }));
      return { objects, more: answer.IsTruncated ?? false };
    },
    presign(key, mediaType, seconds) {
      // Downloaded, never shown: a browser must not run what a model or a client wrote.
      const command = new GetObjectCommand({
        Bucket,
        Key: key,
        ResponseContentType: mediaType,
        ResponseContentDisposition: 'attachment',
      });
      return getSignedUrl(lender, command, { expiresIn: seconds });
    },
    close() {
      client.destroy();
      lender.destroy();
    },
  };
}

function withoutGaps({ accessKeyId, secretAccessKey, sessionToken }: BucketCredentials) {
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the answer lacks what the S3 API promises');
  return value;
}
