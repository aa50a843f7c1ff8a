import { queueArguments } from '../../shared/transport/amqp/queue-arguments.ts';
import { exchanges, staticQueues, workQueue } from '../../shared/transport/topology.ts';
import { type BrokerUser, noPermissions, permissionsOf } from './users.ts';

export interface DefinitionsOptions {
  readonly vhost: string;
  readonly users: readonly BrokerUser[];
  /** People who look at RabbitMQ's own pages: they see everything there, and may do nothing. */
  readonly operators?: readonly string[];
  /** RabbitMQ's salted SHA-256 of each user's password. */
  readonly passwordHashOf: (user: string) => string;
}

/**
 * Bounds that an operator may change without touching a queue's arguments. A queue of ours that is full refuses what is
 * published (`reject-publish`): it waits with its sender, and nothing is lost. A queue of one process loses its oldest.
 */
const policies = [
  {
    name: 'flotilla-queues',
    pattern: '^(jobs|replies|operations|work\\..+)\\z',
    definition: { 'max-length': 1_000_000, 'max-length-bytes': 4_294_967_296 },
  },
  {
    name: 'flotilla-own-queues',
    pattern: '^(control|client)\\..+',
    definition: {
      'max-length': 100_000,
      'max-length-bytes': 268_435_456,
      // A queue that its process forgot to delete, in milliseconds without a consumer.
      expires: 86_400_000,
    },
  },
];

/** A definitions document of RabbitMQ: the topology of the table, one user for each service and client, and no guest. */
export function definitionsOf(options: DefinitionsOptions): object {
  const { vhost, users, operators = [], passwordHashOf } = options;
  const queues = [
    ...staticQueues,
    ...users.flatMap((user) =>
      user.role === 'worker' ? user.versions.map((version) => workQueue(user.name, version)) : [],
    ),
  ];
  const granted = [
    ...users.map((user) => ({ user: user.name, vhost, ...permissionsOf(user) })),
    // Said outright, so that one who was here before with more rights keeps none of them.
    ...operators.map((user) => ({ user, vhost, ...noPermissions })),
  ];
  const tagged = [
    ...users.map(({ name }) => ({ name, tags: [] })),
    ...operators.map((name) => ({ name, tags: ['monitoring'] })),
  ];
  return {
    vhosts: [{ name: vhost }],
    users: tagged.map(({ name, tags }) => ({
      name,
      password_hash: passwordHashOf(name),
      hashing_algorithm: 'rabbit_password_hashing_sha256',
      tags,
    })),
    permissions: granted.map(({ topics: _, ...permissions }) => permissions),
    topic_permissions: granted.flatMap(({ user, topics }) =>
      topics.map((topic) => ({ user, vhost, ...topic })),
    ),
    policies: policies.map((policy) => ({ vhost, 'apply-to': 'queues', priority: 1, ...policy })),
    exchanges: exchanges.map(({ name }) => ({
      ...{ name, vhost, type: 'topic', durable: true },
      ...{ auto_delete: false, internal: false, arguments: {} },
    })),
    queues: queues.map((spec) => ({
      ...{ name: spec.name, vhost, durable: true, auto_delete: false },
      arguments: queueArguments(spec),
    })),
    bindings: queues.flatMap((spec) =>
      spec.bindings.map(({ exchange, routingKey }) => ({
        ...{ source: exchange, vhost, destination: spec.name, destination_type: 'queue' },
        ...{ routing_key: routingKey, arguments: {} },
      })),
    ),
  };
}
