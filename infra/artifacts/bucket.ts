import { z } from 'zod';
import { readEnv } from '../../shared/config/env.ts';
import { openGateway } from './gateway.ts';

/** `docker-compose.s3.yml` runs this once beside its gateway, before any service: accounts, the bucket, and who may do what there. */
const settings = readEnv(
  z.object({
    ROOT_ACCESS_KEY_ID: z.string(),
    ROOT_SECRET_ACCESS_KEY: z.string(),
    /** Secrets by name of the account. */
    ARTIFACT_ACCOUNTS: z
      .string()
      .transform((text): unknown => JSON.parse(text))
      .pipe(z.record(z.string().regex(/^[a-z0-9-]+$/), z.string().regex(/^[\w-]+$/))),
    ARTIFACT_POLICY: z.string(),
    ARTIFACT_ENDPOINT: z.string(),
    ARTIFACT_ADMIN_ENDPOINT: z.string(),
    ARTIFACT_REGION: z.string(),
    ARTIFACT_BUCKET: z.string(),
  }),
  process.env,
);
const gateway = openGateway({
  endpoint: settings.ARTIFACT_ENDPOINT,
  adminEndpoint: settings.ARTIFACT_ADMIN_ENDPOINT,
  region: settings.ARTIFACT_REGION,
  root: {
    accessKeyId: settings.ROOT_ACCESS_KEY_ID,
    secretAccessKey: settings.ROOT_SECRET_ACCESS_KEY,
  },
});
const accounts = Object.entries(settings.ARTIFACT_ACCOUNTS);
for (const [access, secret] of accounts) await gateway.putAccount(access, secret);
await gateway.putBucket(settings.ARTIFACT_BUCKET);
await gateway.putPolicy(settings.ARTIFACT_BUCKET, settings.ARTIFACT_POLICY);
gateway.close();
process.stdout.write(`${settings.ARTIFACT_BUCKET}: ready, with ${accounts.length} accounts.\n`);
