import {
  clientQueueName,
  controlQueueName,
  type ExchangeSpec,
  exchange,
  exchanges,
  isUsedBy,
  type QueueSpec,
  type Role,
  staticQueues,
  workQueue,
} from '../../shared/transport/topology.ts';
import { anchored, beginningWith, bound, literal, type OwnNames, published } from './patterns.ts';

/** One user of the broker: a service, or a client of the fleet. */
export type BrokerUser =
  | { readonly role: 'coordinator'; readonly name: string }
  /** Named like its model. `versions` are majors. */
  | { readonly role: 'worker'; readonly name: string; readonly versions: readonly number[] }
  /** `forOthers`: it hands the results of all clients on, as the gateway does. */
  | { readonly role: 'client'; readonly name: string; readonly forOthers?: boolean };

/** What a user may do, as patterns of RabbitMQ; `''` is nothing. */
export interface Permissions {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
  /** One for each exchange that the user may do anything with: without one, every routing key would be allowed. */
  readonly topics: readonly {
    readonly exchange: string;
    readonly write: string;
    readonly read: string;
  }[];
}

export const noPermissions: Permissions = { configure: '', write: '', read: '', topics: [] };

/**
 * What a user needs and nothing else: it makes and binds only queues of its own, publishes only with the routing keys that the
 * table gives its role, under its own name, and consumes only the queues of its role.
 */
export function permissionsOf(user: BrokerUser): Permissions {
  const { role } = user;
  const own = ownNames(user);
  const ownQueues = beginningWith(ownQueuePrefix(user));
  const used = exchanges.filter((spec) => isUsedBy(spec, role));
  return {
    configure: anchored([ownQueues]),
    // Whoever binds a queue needs to write to it.
    write: anchored([
      ...namesWhere(used, (key) => key.writtenBy, role),
      ...looked(user),
      ownQueues,
    ]),
    read: anchored([
      ...namesWhere(used, (key) => key.boundBy, role),
      ...consumed(user).map(({ name }) => literal(name)),
      ownQueues,
    ]),
    topics: used.map(({ name, routingKeys }) => ({
      exchange: name,
      write: anchored(
        routingKeys
          .filter(({ writtenBy }) => writtenBy.includes(role))
          .map(({ key }) => published(key, own)),
      ),
      read: anchored(
        routingKeys
          .filter(({ boundBy }) => boundBy?.includes(role))
          .map(({ key }) => bound(key, own)),
      ),
    })),
  };
}

function ownNames(user: BrokerUser): OwnNames {
  if (user.role === 'worker') return { '<model>': user.name };
  return user.role === 'client' && !user.forOthers ? { '<client>': user.name } : {};
}

function ownQueuePrefix({ role, name }: BrokerUser): string {
  return role === 'client' ? clientQueueName(name, '') : controlQueueName(name, '');
}

/** The queues of the table that it consumes. */
function consumed(user: BrokerUser): QueueSpec[] {
  if (user.role === 'worker') return user.versions.map((version) => workQueue(user.name, version));
  return staticQueues.filter(({ readBy }) => readBy === user.role);
}

/**
 * Queues that coordinators only look at. RabbitMQ 4.3.1 and later tell of a queue only to whoever may do something with it;
 * to bind it, of all exchanges only to those whose announcements they hear, is the least.
 */
function looked({ role }: BrokerUser): string[] {
  const work = exchanges.find(({ name }) => name === exchange.work);
  if (role !== 'coordinator' || work === undefined) return [];
  return work.routingKeys.map(({ key }) => `work\\.${published(key, {})}`);
}

function namesWhere(
  specs: readonly ExchangeSpec[],
  rolesOf: (key: ExchangeSpec['routingKeys'][number]) => readonly Role[] | undefined,
  role: Role,
): string[] {
  return specs
    .filter(({ routingKeys }) => routingKeys.some((key) => rolesOf(key)?.includes(role)))
    .map(({ name }) => literal(name));
}
