/**
 * The topology of Flotilla, once, as data. The AMQP declarations, the in-memory broker, the permissions and the protocol
 * documents derive from it. All exchanges are durable topic exchanges.
 */

export type Role = 'client' | 'coordinator' | 'worker' | 'broker';

interface RoutingKeySpec {
  /** As people read it: `<model>`, `<flow>` and the like stand for names. */
  readonly key: string;
  /** A worker and a client put only their own name for `<model>` and `<client>`. */
  readonly writtenBy: readonly Role[];
  /** Whoever binds queues of its own with it, with its own name as above and `*` for other words, if it likes. */
  readonly boundBy?: readonly Role[];
}

export interface ExchangeSpec {
  readonly name: string;
  readonly routingKeys: readonly RoutingKeySpec[];
}

export interface QueueSpec {
  readonly name: string;
  readonly type: 'quorum' | 'classic';
  readonly bindings: readonly { readonly exchange: string; readonly routingKey: string }[];
  /** Routing key in `flotilla.dead` for what the broker gives up; left out: no dead-letter route. */
  readonly deadLetterKey?: 'unprocessable' | 'failed';
  readonly deliveryLimit?: number;
  readonly messageTtlMs?: number;
  /** Most messages; the oldest is dropped. Only where losing one is allowed. */
  readonly dropHeadLength?: number;
  readonly readBy: Role;
}

export const exchange = {
  jobs: 'flotilla.jobs',
  work: 'flotilla.work',
  replies: 'flotilla.replies',
  progress: 'flotilla.progress',
  results: 'flotilla.results',
  operations: 'flotilla.operations',
  control: 'flotilla.control',
  dead: 'flotilla.dead',
} as const;

export const exchanges: readonly ExchangeSpec[] = [
  { name: exchange.jobs, routingKeys: [{ key: '<flow>', writtenBy: ['client'] }] },
  {
    name: exchange.work,
    routingKeys: [{ key: '<model>.v<major>', writtenBy: ['coordinator'] }],
  },
  {
    name: exchange.replies,
    routingKeys: [
      { key: '<model>.succeeded', writtenBy: ['worker'] },
      { key: '<model>.failed', writtenBy: ['worker'] },
    ],
  },
  { name: exchange.progress, routingKeys: [{ key: '<model>.progress', writtenBy: ['worker'] }] },
  {
    name: exchange.results,
    routingKeys: [
      '<flow>.<status>.<client>',
      '<flow>.progress.<client>',
      'operation.<status>.<client>',
    ].map((key) => ({ key, writtenBy: ['coordinator'], boundBy: ['client'] })),
  },
  { name: exchange.operations, routingKeys: [{ key: '<verb>', writtenBy: ['client'] }] },
  {
    name: exchange.control,
    routingKeys: [
      { key: 'announced.<model>', writtenBy: ['worker'], boundBy: ['coordinator'] },
      { key: 'held.<model>', writtenBy: ['worker'], boundBy: ['worker'] },
      { key: 'ask.<model>', writtenBy: ['coordinator'], boundBy: ['worker'] },
      { key: 'cancel.<model>', writtenBy: ['coordinator'], boundBy: ['worker'] },
      { key: 'state.<model>', writtenBy: ['coordinator'], boundBy: ['worker'] },
    ],
  },
  {
    name: exchange.dead,
    routingKeys: [
      { key: 'unprocessable', writtenBy: ['broker', 'coordinator', 'worker'] },
      { key: 'failed', writtenBy: ['broker', 'coordinator'] },
    ],
  },
];

/** True when the role publishes to the exchange or binds queues of its own to it. */
export function isUsedBy(spec: ExchangeSpec, role: Role): boolean {
  return spec.routingKeys.some(
    ({ writtenBy, boundBy }) => writtenBy.includes(role) || boundBy?.includes(role),
  );
}

/** "No limit" where the broker's default is a limit; -1 is refused by some versions. */
const NO_DELIVERY_LIMIT = 1_000_000;

export const queue = {
  jobs: 'jobs',
  replies: 'replies',
  progress: 'progress',
  operations: 'operations',
  deadUnprocessable: 'dead.unprocessable',
  deadFailed: 'dead.failed',
} as const;

/** The queues that exist whatever models there are. */
export const staticQueues: readonly QueueSpec[] = [
  {
    name: queue.jobs,
    type: 'quorum',
    bindings: [{ exchange: exchange.jobs, routingKey: '#' }],
    deadLetterKey: 'unprocessable',
    deliveryLimit: NO_DELIVERY_LIMIT,
    readBy: 'coordinator',
  },
  {
    name: queue.replies,
    type: 'quorum',
    bindings: [{ exchange: exchange.replies, routingKey: '#' }],
    deadLetterKey: 'unprocessable',
    deliveryLimit: NO_DELIVERY_LIMIT,
    readBy: 'coordinator',
  },
  {
    name: queue.progress,
    type: 'classic',
    bindings: [{ exchange: exchange.progress, routingKey: '#' }],
    dropHeadLength: 10_000,
    readBy: 'coordinator',
  },
  {
    name: queue.operations,
    type: 'quorum',
    bindings: [{ exchange: exchange.operations, routingKey: '#' }],
    deadLetterKey: 'unprocessable',
    deliveryLimit: NO_DELIVERY_LIMIT,
    messageTtlMs: 60_000,
    readBy: 'coordinator',
  },
  {
    name: queue.deadUnprocessable,
    type: 'quorum',
    bindings: [{ exchange: exchange.dead, routingKey: 'unprocessable' }],
    deliveryLimit: NO_DELIVERY_LIMIT,
    readBy: 'coordinator',
  },
  {
    name: queue.deadFailed,
    type: 'quorum',
    bindings: [{ exchange: exchange.dead, routingKey: 'failed' }],
    deliveryLimit: NO_DELIVERY_LIMIT,
    readBy: 'coordinator',
  },
];

/** Routing key of requests to one major version of a model. */
export function workKey(model: string, version: number): string {
  return `${model}.v${version}`;
}

export function workQueueName(model: string, version: number): string {
  return `work.${workKey(model, version)}`;
}

/** The queue that one major version of a model is served from. */
export function workQueue(model: string, version: number): QueueSpec {
  return {
    name: workQueueName(model, version),
    type: 'quorum',
    bindings: [{ exchange: exchange.work, routingKey: workKey(model, version) }],
    deadLetterKey: 'failed',
    deliveryLimit: 10,
    readBy: 'worker',
  };
}

/**
 * The queue of that name: one of the static ones, or the work queue of a model. Undefined for any other name (control
 * and client queues belong to one process and are not in the table).
 */
export function queueNamed(name: string): QueueSpec | undefined {
  const work = /^work\.([a-z][a-z0-9-]*)\.v([1-9]\d*)$/.exec(name);
  if (work?.[1] !== undefined && work[2] !== undefined) return workQueue(work[1], Number(work[2]));
  return staticQueues.find((spec) => spec.name === name);
}

/** Name of the control queue of one process of a service: `control.<service>.<instance>`. */
export function controlQueueName(service: string, instance: string): string {
  return `control.${service}.${instance}`;
}

/** Name of a client's own queue: `client.<name>.<instance>`. */
export function clientQueueName(client: string, instance: string): string {
  return `client.${client}.${instance}`;
}

export const routingKey = {
  job: (flow: string) => flow,
  request: workKey,
  reply: (model: string, status: 'succeeded' | 'failed') => `${model}.${status}`,
  progress: (model: string) => `${model}.progress`,
  result: (flow: string, status: string, client: string) => `${flow}.${status}.${client}`,
  answer: (status: 'succeeded' | 'failed', client: string) => `operation.${status}.${client}`,
  announced: (model: string) => `announced.${model}`,
  held: (model: string) => `held.${model}`,
  ask: (model: string) => `ask.${model}`,
  cancel: (model: string) => `cancel.${model}`,
  state: (model: string) => `state.${model}`,
} as const;
