import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FleetError } from '../../shared/errors/errors.ts';
import { definitionsOf } from './definitions.ts';
import { checkNames, userOptions, usersNamed } from './fleet-users.ts';
import { passwordHash } from './password-hash.ts';
import { handOutPassword, passwordOf } from './passwords.ts';

const usage = `npm run rabbitmq:definitions -- <file> [options]
Writes RabbitMQ definitions with the topology and one user for each service and client.
  --passwords <folder>   a file with the password of each user, made where there is none
                         (default .flotilla/amqp-passwords); AMQP_PASSWORD_<USER> comes first
  --hand-out <folder>    the password of each user also to <folder>/<user>/amqp-password
  --readable             others may read <file>: a broker that is another user of the system; it holds hashes of passwords
  --vhost <name>         default /
  --clients <file>       each of its clients is a user (default infra/clients.yaml)
  --client <name>        one more client; may be said again
  --model <name>.v<n>    one more model; may be said again
  --operator <name>      a person, who sees everything on RabbitMQ's own pages and may do nothing; may be said again
`;

/** `npm run rabbitmq:definitions`: ends with 0, or with 2 and a sentence. */
try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      passwords: { type: 'string', default: '.flotilla/amqp-passwords' },
      'hand-out': { type: 'string' },
      readable: { type: 'boolean', default: false },
      vhost: { type: 'string', default: '/' },
      operator: { type: 'string', multiple: true, default: [] },
      ...userOptions,
    },
  });
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) throw new Error('Name one file to write.');
  const users = await usersNamed(values);
  const names = [...users.map(({ name }) => name), ...values.operator];
  checkNames(names);
  const passwords = new Map(
    names.map((name) => [name, passwordOf(name, values.passwords, process.env)]),
  );
  const definitions = definitionsOf({
    vhost: values.vhost,
    users,
    operators: values.operator,
    passwordHashOf: (user) => passwordHash(passwords.get(user) as string, randomBytes(4)),
  });
  const to = values['hand-out'];
  if (to !== undefined) {
    for (const [user, password] of passwords) handOutPassword(user, password, to);
  }
  writeFileSync(file, `${JSON.stringify(definitions, null, 2)}\n`, { mode: 0o600 });
  if (values.readable) chmodSync(file, 0o644);
  process.stdout.write(
    `${file}: ${names.length} users (${names.join(', ')}). Their passwords are in ${values.passwords} unless the environment gives them.\n`,
  );
} catch (error) {
  const text = error instanceof FleetError ? `${error.code}: ${error.message}` : String(error);
  process.stderr.write(`${text}\n\n${usage}`);
  process.exitCode = 2;
}
