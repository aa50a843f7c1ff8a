import { z } from 'zod';
import { readEnv } from '../config/env.ts';
import { ConfigError } from '../errors/errors.ts';
import { MAX_ARTIFACT_BYTES } from './reference.ts';

/** From this size on a value leaves its message: the broker moves small messages fast and large ones badly. */
const DEFAULT_THRESHOLD_BYTES = 64 * 1024;
const DEFAULT_LIFETIME_HOURS = 7 * 24;
/** A reference takes some 400 bytes: moving less than this away would make a message larger. */
const LEAST_THRESHOLD_BYTES = 1024;

const BUCKET = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/?$/;

const endpointSchema = z.string().refine(isSafeEndpoint, {
  error:
    'must be an https address without a path; http is for this machine and for names without a dot',
});

const schema = z.object({
  /** A folder, or `s3://<bucket>`. */
  ARTIFACTS: z
    .string()
    .default('.flotilla/artifacts')
    .refine((where) => BUCKET.test(where) || !/^[a-z0-9+.-]+:\/\//i.test(where), {
      error: 'must be a folder, or "s3://" and the name of a bucket',
    }),
  /** Values of at least so many bytes as JSON travel as artifacts. */
  ARTIFACT_THRESHOLD_BYTES: z.coerce
    .number()
    .int()
    .min(LEAST_THRESHOLD_BYTES)
    .max(1024 * 1024)
    .default(DEFAULT_THRESHOLD_BYTES),
  /** The most that one artifact may have. */
  ARTIFACT_MAX_BYTES: z.coerce
    .number()
    .int()
    .min(LEAST_THRESHOLD_BYTES)
    .max(MAX_ARTIFACT_BYTES)
    .default(MAX_ARTIFACT_BYTES),
  /** How long an artifact is kept after it was written; what an open run refers to is kept longer. */
  ARTIFACT_LIFETIME_HOURS: z.coerce.number().min(1).max(87_600).default(DEFAULT_LIFETIME_HOURS),
  /** Of a service with the S3 API that is not AWS: Cloudflare R2, MinIO. */
  ARTIFACT_ENDPOINT: endpointSchema.optional(),
  /** Where lent addresses lead: for people who reach the service under another name than the fleet does. Default: the endpoint. */
  ARTIFACT_LINK_ENDPOINT: endpointSchema.optional(),
  /** Default: AWS_REGION; else `auto` with an endpoint, `us-east-1` without. */
  ARTIFACT_REGION: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'must be like "eu-central-1"')
    .optional(),
  /** Whether the bucket stands in the path. Default: with an endpoint of your own. */
  ARTIFACT_PATH_STYLE: z.enum(['true', 'false']).optional(),
  AWS_REGION: z.string().optional(),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  AWS_SESSION_TOKEN: z.string().optional(),
});

/** Where artifacts lie, and which values become one. */
export interface ArtifactSettings {
  readonly where: FolderPlace | BucketPlace;
  readonly thresholdBytes: number;
  readonly maxBytes: number;
  readonly lifetimeMs: number;
}

interface FolderPlace {
  readonly kind: 'folder';
  readonly folder: string;
}

interface BucketPlace {
  readonly kind: 's3';
  readonly bucket: string;
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly linkEndpoint: string | undefined;
  readonly pathStyle: boolean;
  /** undefined: the SDK looks where AWS puts them (role of the machine, profile). */
  readonly credentials:
    | {
        readonly accessKeyId: string;
        readonly secretAccessKey: string;
        readonly sessionToken: string | undefined;
      }
    | undefined;
}

/** Reads the settings of the artifact store from an environment. Throws ConfigError with every problem. */
export function readArtifactSettings(
  env: Readonly<Record<string, string | undefined>>,
): ArtifactSettings {
  const half = halfCredentials(env);
  const settings = readAll(env, half);
  return {
    where: placeOf(settings),
    thresholdBytes: settings.ARTIFACT_THRESHOLD_BYTES,
    maxBytes: settings.ARTIFACT_MAX_BYTES,
    lifetimeMs: settings.ARTIFACT_LIFETIME_HOURS * 3_600_000,
  };
}

function readAll(
  env: Readonly<Record<string, string | undefined>>,
  also: readonly string[],
): z.infer<typeof schema> {
  try {
    const settings = readEnv(schema, env);
    if (also.length === 0) return settings;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError([...error.problems, ...also]);
  }
  throw new ConfigError(also);
}

/** One key without the other would be told by the service alone, at the first artifact. */
function halfCredentials(env: Readonly<Record<string, string | undefined>>): string[] {
  const pair = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
  const missing = pair.filter((name) => !env[name]);
  return missing.length === 1 ? [`${missing[0]}: must be set where the other key is`] : [];
}

function placeOf(settings: z.infer<typeof schema>): FolderPlace | BucketPlace {
  const bucket = BUCKET.exec(settings.ARTIFACTS)?.[1];
  if (bucket === undefined) return { kind: 'folder', folder: settings.ARTIFACTS };
  const endpoint = settings.ARTIFACT_ENDPOINT;
  const accessKeyId = settings.AWS_ACCESS_KEY_ID;
  const secretAccessKey = settings.AWS_SECRET_ACCESS_KEY;
  return {
    kind: 's3',
    bucket,
    region: settings.ARTIFACT_REGION ?? settings.AWS_REGION ?? (endpoint ? 'auto' : 'us-east-1'),
    endpoint,
    linkEndpoint: settings.ARTIFACT_LINK_ENDPOINT,
    pathStyle: settings.ARTIFACT_PATH_STYLE
      ? settings.ARTIFACT_PATH_STYLE === 'true'
      : endpoint !== undefined,
    credentials:
      accessKeyId && secretAccessKey
        ? { accessKeyId, secretAccessKey, sessionToken: settings.AWS_SESSION_TOKEN }
        : undefined,
  };
}

/** Without TLS the bytes and what signs them must not leave the machine, or the network of one compose file. */
function isSafeEndpoint(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.pathname !== '/' || url.search || url.hash || url.username) return false;
  if (url.protocol === 'https:') return true;
  const isLoopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  return url.protocol === 'http:' && (isLoopback || /^[a-z][a-z0-9-]*$/.test(url.hostname));
}
