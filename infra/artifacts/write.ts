import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readTenants } from '../../services/coordinator/tenants.ts';
import { FleetError } from '../../shared/errors/errors.ts';
import { userOptions, usersNamed } from '../rabbitmq/fleet-users.ts';
import { bucketPolicy, lifecycle, policyOf } from './policies.ts';

const usage = `npm run artifacts:policy -- <folder> --bucket <name> [options]
Writes a policy for each service and client that uses the bucket, bucket.json and lifecycle.json.
  --clients <file>       each of its clients (default infra/clients.yaml)
  --tenants <file>       whose tenant a client is of (default infra/tenants.yaml)
  --client <name>        one more client; may be said again
  --model <name>.v<n>    one more model; may be said again
`;

/** `npm run artifacts:policy`: ends with 0, or with 2 and a sentence. */
try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      bucket: { type: 'string' },
      ...userOptions,
      tenants: { type: 'string', default: 'infra/tenants.yaml' },
    },
  });
  const { bucket } = values;
  const [folder, ...others] = positionals;
  if (folder === undefined || others.length > 0) throw new Error('Name one folder to write to.');
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket ?? '')) {
    throw new Error('Name the bucket with --bucket: a-z, 0-9, "." and "-".');
  }
  const users = await usersNamed(values);
  const tenants = readTenants(values.tenants);
  const name = bucket as string;
  const files: [string, object][] = [
    ...users.map((user): [string, object] => [
      `service-${user.name}`,
      policyOf(user, tenants.tenantOf(user.name), name),
    ]),
    ['bucket', bucketPolicy(name)],
    ['lifecycle', lifecycle],
  ];
  mkdirSync(folder, { recursive: true });
  for (const [file, document] of files) {
    writeFileSync(join(folder, `${file}.json`), `${JSON.stringify(document, null, 2)}\n`);
  }
  process.stdout.write(`${folder}: policies of ${users.length} services and clients.\n`);
} catch (error) {
  const text = error instanceof FleetError ? `${error.code}: ${error.message}` : String(error);
  process.stderr.write(`${text}\n\n${usage}`);
  process.exitCode = 2;
}
