import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FleetError } from '../../shared/errors/errors.ts';
import { definitionsOf } from './definitions.ts';
import { userOptions, usersNamed } from './fleet-users.ts';
import { passwordHash } from './password-hash.ts';
import { passwordOf } from './passwords.ts';

const usage = `npm run rabbitmq:definitions -- <file> [options]
Writes RabbitMQ definitions with the topology and one user for each service and client.
  --passwords <folder>   a file with the password of each user, made where there is none
                         (default .flotilla/amqp-passwords); AMQP_PASSWORD_<USER> comes first
  --vhost <name>         default /
  --clients <file>       each of its clients is a user (default infra/clients.yaml)
  --client <name>        one more client; may be said again
  --model <name>.v<n>    one more model; may be said again
`;

/** `npm run rabbitmq:definitions`: ends with 0, or with 2 and a sentence. */
try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      passwords: { type: 'string', default: '.flotilla/amqp-passwords' },
      vhost: { type: 'string', default: '/' },
      ...userOptions,
    },
  });
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) throw new Error('Name one file to write.');
  const users = await usersNamed(values);
  const definitions = definitionsOf({
    vhost: values.vhost,
    users,
    passwordHashOf: (user) =>
      passwordHash(passwordOf(user, values.passwords, process.env), randomBytes(4)),
  });
  writeFileSync(file, `${JSON.stringify(definitions, null, 2)}\n`, { mode: 0o600 });
  process.stdout.write(
    `${file}: ${users.length} users (${users.map(({ name }) => name).join(', ')}). Their passwords are in ${values.passwords} unless the environment gives them.\n`,
  );
} catch (error) {
  const text = error instanceof FleetError ? `${error.code}: ${error.message}` : String(error);
  process.stderr.write(`${text}\n\n${usage}`);
  process.exitCode = 2;
}
