import { connect } from 'amqplib';
import { exchanges, staticQueues } from '../../../shared/transport/topology.ts';
import { TcpProxy } from '../tcp-proxy.ts';
import { run, which } from './command.ts';
import { DeclarationReader } from './declarations.ts';
import { ManagementApi } from './management.ts';
import type { RunningBroker } from './running-broker.ts';

/**
 * A broker that somebody else runs, named by AMQP_URL. Tests get virtual hosts of their own where its management API or
 * this machine's rabbitmqctl allows it; else they take turns in the virtual host of the URL.
 */
export async function givenBroker(url: string): Promise<RunningBroker> {
  const { hostname, username, password } = new URL(url);
  const name = decodeURIComponent(username) || 'guest';
  const api = process.env['AMQP_MANAGEMENT_URL'] ?? `http://${hostname}:15672`;
  const management = new ManagementApi(api, name, decodeURIComponent(password) || 'guest');
  if (await management.usable()) {
    return vhostsOf(url, 'its management API', {
      add: (vhost) => management.addVhost(vhost),
      remove: (vhost) => management.removeVhost(vhost),
    });
  }
  if (await rabbitmqctlReaches(url)) {
    return vhostsOf(url, 'rabbitmqctl', {
      add: async (vhost) => {
        await rabbitmqctl('add_vhost', vhost);
        await rabbitmqctl('set_permissions', '-p', vhost, name, '.*', '.*', '.*');
      },
      remove: (vhost) => rabbitmqctl('delete_vhost', vhost),
    });
  }
  return sharedVhost(url);
}

function vhostsOf(
  url: string,
  by: string,
  vhosts: { add(name: string): Promise<void>; remove(name: string): Promise<void> },
): RunningBroker {
  return {
    description: `the broker of AMQP_URL, with virtual hosts made by ${by}`,
    addVhost: async (name) => {
      await vhosts.add(name);
      const own = new URL(url);
      own.pathname = `/${encodeURIComponent(name)}`;
      return own.href;
    },
    removeVhost: vhosts.remove,
    stop: async () => {},
  };
}

/** True when rabbitmqctl on this machine talks to the very broker of the URL: it listens on the URL's port. */
async function rabbitmqctlReaches(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  if (!['localhost', '127.0.0.1', '[::1]'].includes(hostname)) return false;
  if (!(await which('rabbitmq-diagnostics'))) return false;
  const listeners = await run('rabbitmq-diagnostics', ['-q', 'listeners'], { timeoutMs: 20_000 });
  return listeners.succeeded && listeners.output.includes(`port: ${port || 5672}, protocol: amqp`);
}

async function rabbitmqctl(...args: string[]): Promise<void> {
  const result = await run('rabbitmqctl', ['-q', ...args]);
  if (!result.succeeded) throw new Error(`rabbitmqctl ${args.join(' ')}: ${result.output}`);
}

/**
 * One virtual host for all: test files take turns, and what each declared is deleted after it. A proxy reads the names
 * from the wire, because plain AMQP cannot list them. Refuses where Flotilla's own names are in use already.
 */
async function sharedVhost(url: string): Promise<RunningBroker> {
  const target = new URL(url);
  if (target.protocol !== 'amqp:') {
    throw new Error(
      'AMQP_URL is amqps: and its broker offers no management API; set AMQP_MANAGEMENT_URL so that tests get virtual hosts of their own.',
    );
  }
  await refuseIfUsed(url);
  const declared = new DeclarationReader();
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const proxy = await TcpProxy.start(
    { host, port: Number(target.port) || 5672 },
    (bytes, connection) => declared.read(bytes, connection),
  );
  let turn: Promise<void> = Promise.resolve();
  const ends = new Map<string, () => void>();
  const clear = async () => {
    proxy.reset();
    await deleteAll(url, declared);
    declared.clear();
  };
  return {
    description: 'the broker of AMQP_URL, in its virtual host, one test file at a time',
    addVhost: async (name) => {
      const before = turn;
      const { promise, resolve } = Promise.withResolvers<void>();
      turn = promise;
      ends.set(name, resolve);
      await before;
      return proxy.url(url);
    },
    removeVhost: async (name) => {
      await clear();
      ends.get(name)?.();
      ends.delete(name);
    },
    stop: async () => {
      await clear();
      await proxy.close();
    },
  };
}

async function refuseIfUsed(url: string): Promise<void> {
  const connection = await connect(url);
  connection.on('error', () => {});
  try {
    for (const { name } of staticQueues) {
      const channel = await connection.createChannel();
      channel.on('error', () => {});
      const used = await channel.checkQueue(name).then(
        () => true,
        () => false,
      );
      if (used) {
        throw new Error(
          `The virtual host of AMQP_URL holds the queue ${name} already; name one of its own for the tests.`,
        );
      }
    }
  } finally {
    await connection.close().catch(() => {});
  }
}

async function deleteAll(url: string, declared: DeclarationReader): Promise<void> {
  const connection = await connect(url);
  connection.on('error', () => {});
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  // Deleting what is not there succeeds, so that queues which went with their clients do not matter.
  for (const name of declared.queues) if (name !== '') await channel.deleteQueue(name);
  const names = new Set([...exchanges.map((spec) => spec.name), ...declared.exchanges]);
  for (const name of names) await channel.deleteExchange(name);
  await connection.close();
}
