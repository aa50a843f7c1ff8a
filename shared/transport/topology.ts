/**
 * The topology of Flotilla, once, as data. The AMQP declarations, the in-memory broker, the permissions and the protocol
 * documents derive from it. All exchanges are durable topic exchanges.
 */

export type Role = 'client' | 'coordinator' | 'worker' | 'broker';

export interface ExchangeSpec {
  readonly name: string;
  /** Pattern of its routing keys, as people read it. */
  readonly routingKeys: readonly string[];
  readonly writtenBy: readonly Role[];
  readonly readBy: readonly Role[];
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
  { name: exchange.jobs, routingKeys: ['<flow>'], writtenBy: ['client'], readBy: ['coordinator'] },
  {
    name: exchange.work,
    routingKeys: ['<model>.v<major>'],
    writtenBy: ['coordinator'],
    readBy: ['worker'],
  },
  {
    name: exchange.replies,
    routingKeys: ['<model>.succeeded', '<model>.failed'],
    writtenBy: ['worker'],
    readBy: ['coordinator'],
  },
  {
    name: exchange.progress,
    routingKeys: ['<model>.progress'],
    writtenBy: ['worker'],
    readBy: ['coordinator'],
  },
  {
    name: exchange.results,
    routingKeys: [
      '<flow>.<status>.<client>',
      '<flow>.progress.<client>',
      'operation.<status>.<client>',
    ],
    writtenBy: ['coordinator'],
    readBy: ['client'],
  },
  {
    name: exchange.operations,
    routingKeys: ['<verb>'],
    writtenBy: ['client'],
    readBy: ['coordinator'],
  },
  {
    name: exchange.control,
    routingKeys: ['announced.<model>', 'ask.<model>', 'cancel.<model>', 'state.<model>'],
    writtenBy: ['worker', 'coordinator'],
    readBy: ['coordinator', 'worker'],
  },
  {
    name: exchange.dead,
    routingKeys: ['unprocessable', 'failed'],
    writtenBy: ['broker', 'coordinator', 'worker'],
    readBy: ['coordinator'],
  },
];

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
  ask: (model: string) => `ask.${model}`,
  cancel: (model: string) => `cancel.${model}`,
  state: (model: string) => `state.${model}`,
} as const;
