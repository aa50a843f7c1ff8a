import { parseArgs } from 'node:util';
import { readTenants } from '../../services/coordinator/tenants.ts';
import { FleetError } from '../../shared/errors/errors.ts';
import { userOptions, usersNamed } from '../rabbitmq/fleet-users.ts';
import { writeAccounts } from './accounts.ts';
import { sharedPolicy } from './policies.ts';

const usage = `npm run artifacts:accounts -- [folder] [options]
Makes an account of the bucket in docker-compose.s3.yml for each service and client, and the bucket's policy, in the folder
(default .flotilla/s3). Run it again after adding a model or a client: secrets stay as they are.
  --clients <file>       each of its clients (default infra/clients.yaml)
  --tenants <file>       whose tenant a client is of (default infra/tenants.yaml)
  --client <name>        one more client; may be said again
  --model <name>.v<n>    one more model; may be said again
`;

/** As docker-compose.s3.yml names it. */
const BUCKET = 'artifacts';

/** `npm run artifacts:accounts`: ends with 0, or with 2 and a sentence. */
try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { ...userOptions, tenants: { type: 'string', default: 'infra/tenants.yaml' } },
  });
  const [folder = '.flotilla/s3', ...others] = positionals;
  if (others.length > 0) throw new Error('Name one folder.');
  const users = await usersNamed(values);
  const tenants = readTenants(values.tenants);
  const names = users.map(({ name }) => name);
  const policy = sharedPolicy(users, (name) => tenants.tenantOf(name), BUCKET);
  writeAccounts(folder, names, policy);
  process.stdout.write(`${folder}: accounts of ${names.join(', ')}, and the bucket's policy.\n`);
} catch (error) {
  const text = error instanceof FleetError ? `${error.code}: ${error.message}` : String(error);
  process.stderr.write(`${text}\n\n${usage}`);
  process.exitCode = 2;
}
