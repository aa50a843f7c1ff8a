import { exchangesOf, type Someone } from './allowed.ts';
import type { Probe } from './probe.ts';

export interface Fleet {
  readonly everybody: readonly Someone[];
  readonly models: readonly string[];
}

const table = ['jobs', 'work', 'replies', 'progress', 'results', 'operations', 'control', 'dead'];
const exchanges = [
  ...table.map((name) => `flotilla.${name}`),
  ...['', 'amq.direct', 'amq.fanout', 'amq.headers', 'amq.match', 'amq.topic'],
  ...['flotilla', 'flotilla.results2', 'unknown'],
];
const staticQueues = [
  ...['jobs', 'replies', 'progress', 'operations', 'dead.unprocessable', 'dead.failed'],
];

/** Everything that somebody might try: with each name there is, and with names that are almost one's own. */
export function* probesOf(who: Someone, fleet: Fleet): Generator<Probe> {
  yield* onQueues(who, fleet);
  yield* onExchanges(who);
  yield* published(who, fleet);
  yield* bound(who, fleet);
}

function* onQueues(who: Someone, { everybody, models }: Fleet): Generator<Probe> {
  const [exchange, key] = ownBinding(who);
  for (const name of [...staticQueues, `work.${who.name}.v1`, ...almostOwn(who), ownQueue(who)]) {
    for (const operation of ['declare queue', 'get', 'consume', 'purge'] as const) {
      yield { operation, name };
    }
    for (const operation of ['bind', 'unbind'] as const) {
      yield { operation, queue: name, exchange, key };
    }
    yield { operation: 'delete queue', name };
  }
  const others = everybody.filter(({ name }) => name !== who.name).map(ownQueue);
  for (const name of [...models.map((model) => `work.${model}.v1`), ...others]) {
    yield { operation: 'declare queue', name };
    yield { operation: 'get', name };
    yield { operation: 'bind', queue: name, exchange, key };
  }
}

function* onExchanges(who: Someone): Generator<Probe> {
  const own = ownQueue(who);
  for (const name of [...exchanges, ...almostOwn(who), own]) {
    yield { operation: 'declare exchange', name };
    yield { operation: 'delete exchange', name };
  }
  for (const exchange of exchanges) {
    yield { operation: 'dead-letter to', name: `${own}.to.${exchange}`, exchange };
    yield { operation: 'bind exchange', destination: exchange, source: exchange, key: '#' };
    yield { operation: 'bind exchange', destination: own, source: exchange, key: '#' };
  }
}

function* published(who: Someone, fleet: Fleet): Generator<Probe> {
  for (const exchange of exchanges) {
    for (const key of keysFor(who, exchange, fleet)) yield { operation: 'publish', exchange, key };
  }
  const [exchange, key] = ownMessage(who);
  for (const userId of [...fleet.everybody.map(({ name }) => name), 'guest', '']) {
    yield { operation: 'publish', exchange, key, userId };
  }
}

function* bound(who: Someone, fleet: Fleet): Generator<Probe> {
  const queue = ownQueue(who);
  yield { operation: 'declare queue', name: queue };
  for (const exchange of exchanges) {
    const keys = [...keysFor(who, exchange, fleet), ...wildcards(who, fleet)];
    for (const key of keys) yield { operation: 'bind', queue, exchange, key };
  }
}

function ownQueue({ name, is }: Someone): string {
  return `${is === 'coordinator' || is === 'worker' ? 'control' : 'client'}.${name}.probe`;
}

function almostOwn(who: Someone): string[] {
  const own = ownQueue(who);
  const kind = own.startsWith('control') ? 'client' : 'control';
  return [
    ...[
      `work.${who.name}.v2`,
      `work.${who.name}.v1.x`,
      `work.${who.name}.v1\n`,
      'jobs\n',
      'unknown',
    ],
    ...[`x${own}`, `x.${own}`, own.replace('.', '-'), own.replace(/\.probe$/, ''), `${own}\n`],
    ...[own.replace(/probe$/, ''), own.replace('.probe', '2.probe'), own.toUpperCase()],
    `${kind}.${who.name}.probe`,
  ];
}

/** Routing keys of the exchange with many names where it has a say in it; elsewhere, where none may help, a few. */
function keysFor(who: Someone, exchange: string, fleet: Fleet): string[] {
  const { name } = who;
  const names = [name, ...neighbours(who, fleet), 'some-flow'];
  if (!exchangesOf(who).includes(exchange)) return ['', '#', ...shapes(exchange, name)];
  return [
    ...names.flatMap((one) => shapes(exchange, one)),
    ...table.flatMap((other) => shapes(`flotilla.${other}`, name)),
    ...shapes(exchange, name).flatMap((key) => [`${key}\n`, `${key}.x`, `x.${key}`, `x${key}`]),
    ...shapes(exchange, name.toUpperCase()),
    ...['', '#', '*', '.', `${name}.v0`, `${name}.V1`, `${name}.${name}`, `${name}..succeeded`],
  ];
}

/** The six users that follow in the list: each is tried as and by others of every role. */
function neighbours({ name }: Someone, { everybody }: Fleet): string[] {
  const at = everybody.findIndex((one) => one.name === name);
  return [...everybody, ...everybody].slice(at + 1, at + 7).map((one) => one.name);
}

/** The routing keys of an exchange, with one name wherever a name belongs. */
function shapes(exchange: string, name: string): string[] {
  switch (exchange) {
    case 'flotilla.work':
      return [`${name}.v1`];
    case 'flotilla.replies':
      return [`${name}.succeeded`, `${name}.failed`];
    case 'flotilla.progress':
      return [`${name}.progress`];
    case 'flotilla.results':
      return [`support.succeeded.${name}`, `support.progress.${name}`, `operation.failed.${name}`];
    case 'flotilla.operations':
      return ['run.get', 'run.cancel', 'model.pause'];
    case 'flotilla.control':
      return [`announced.${name}`, `ask.${name}`, `cancel.${name}`, `state.${name}`];
    case 'flotilla.dead':
      return ['unprocessable', 'failed'];
    default:
      return [name];
  }
}

function wildcards(who: Someone, fleet: Fleet): string[] {
  const { name, is } = who;
  const others = neighbours(who, fleet).map((other) => `*.*.${other}`);
  if (is === 'coordinator' || is === 'worker') {
    return ['*.*', '#.#', 'announced.*', 'announced.#', 'ask.*', 'cancel.#', `*.${name}`];
  }
  return [
    ...['*.*', '*.*.*', '#.#', '*.succeeded', 'support.succeeded.*', 'support.#', `*.${name}`],
    ...[`*.*.${name}`, `#.${name}`, `*.#.${name}`, `support.*.${name}`, `*.succeeded.${name}`],
    ...[`*.*.${name}\n`, `*.*.${name}x`, `*.*.x${name}`, `*.*.${name}.*`],
    ...others,
  ];
}

/** A message that it may send, and a binding that it may make. */
function ownMessage({ name, is }: Someone): [exchange: string, key: string] {
  if (is === 'worker') return ['flotilla.replies', `${name}.succeeded`];
  return is === 'coordinator' ? ['flotilla.work', 'sentiment.v1'] : ['flotilla.jobs', 'support'];
}

function ownBinding({ name, is }: Someone): [exchange: string, key: string] {
  if (is === 'worker') return ['flotilla.control', `ask.${name}`];
  return is === 'coordinator'
    ? ['flotilla.control', 'announced.*']
    : ['flotilla.results', `*.*.${name}`];
}
