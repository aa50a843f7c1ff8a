import type { Probe } from './probe.ts';

/** Whom a probe is tried as, as the README speaks of them. */
export interface Someone {
  readonly name: string;
  readonly is: 'coordinator' | 'worker' | 'client' | 'gateway' | 'operator';
}

/**
 * What each user should be able to do, written from shared/protocol.md in plain words: no pattern of the generated definitions
 * has a part in it.
 */
export function isAllowed(who: Someone, probe: Probe): boolean {
  if (who.is === 'operator') return false;
  switch (probe.operation) {
    case 'declare queue':
    case 'delete queue':
    case 'declare exchange':
    case 'delete exchange':
      return isOwn(who, asMade(probe.name));
    case 'purge':
    case 'get':
    case 'consume':
      return isOwnQueue(who, probe.name) || consumes(who).includes(probe.name);
    case 'dead-letter to':
      return isOwn(who, probe.name) && writesTo(who, probe.exchange);
    case 'publish':
      return (
        mayPublish(who, probe.exchange, probe.key) &&
        (probe.userId === undefined || probe.userId === who.name)
      );
    case 'bind':
    case 'unbind':
      return mayFill(who, asMade(probe.queue)) && mayBind(who, probe.exchange, probe.key);
    case 'bind exchange':
      return (
        (isOwn(who, probe.destination) || writesTo(who, probe.destination)) &&
        (isOwn(who, probe.source) || mayBind(who, probe.source, probe.key))
      );
  }
}

/** RabbitMQ takes line breaks out of the names of what is made, bound or deleted, before it looks at permissions. */
function asMade(name: string): string {
  return name.replaceAll('\n', '');
}

/** Everything that a user may make is named after it. */
function isOwn({ name, is }: Someone, thing: string): boolean {
  const [kind, owner, ...instance] = thing.split('.');
  const expected = is === 'coordinator' || is === 'worker' ? 'control' : 'client';
  return kind === expected && owner === name && instance.join('.') !== '';
}

function consumes({ name, is }: Someone): readonly string[] {
  if (is === 'worker') return [`work.${name}.v1`];
  if (is !== 'coordinator') return [];
  return ['jobs', 'replies', 'progress', 'operations', 'dead.unprocessable', 'dead.failed'];
}

function isOwnQueue(who: Someone, queue: string): boolean {
  return isOwn(who, queue) && !queue.includes('\n');
}

/** A coordinator may bind work queues: newer brokers show a queue only to whoever may do something with it. */
function mayFill(who: Someone, queue: string): boolean {
  if (isOwn(who, queue)) return true;
  const [work, model = '', version = '', ...more] = queue.split('.');
  return who.is === 'coordinator' && work === 'work' && isWork([model, version, ...more]);
}

/** The exchanges that it may publish to at all, and those that it may bind to. */
export function exchangesOf(who: Someone): readonly string[] {
  const bound = who.is === 'coordinator' || who.is === 'worker' ? 'control' : 'results';
  return [...Object.keys(publishes(who)), `flotilla.${bound}`];
}

function writesTo(who: Someone, exchange: string): boolean {
  return Object.hasOwn(publishes(who), exchange);
}

function mayPublish(who: Someone, exchange: string, key: string): boolean {
  if (isOwn(who, exchange)) return true;
  const rule = publishes(who)[exchange];
  return rule?.(key.split('.')) ?? false;
}

type Rule = (words: readonly string[]) => boolean;

function publishes({ name, is }: Someone): Readonly<Record<string, Rule>> {
  const exactly =
    (...keys: string[]): Rule =>
    (words) =>
      keys.includes(words.join('.'));
  if (is === 'worker') {
    return {
      'flotilla.replies': exactly(`${name}.succeeded`, `${name}.failed`),
      'flotilla.progress': exactly(`${name}.progress`),
      'flotilla.control': exactly(`announced.${name}`),
      'flotilla.dead': exactly('unprocessable'),
    };
  }
  if (is === 'coordinator') {
    return {
      'flotilla.work': isWork,
      'flotilla.results': ([flow = '', status = '', client = '', ...more]) =>
        isName(flow) && isLower(status) && isName(client) && more.length === 0,
      'flotilla.control': ([verb = '', model = '', ...more]) =>
        ['ask', 'cancel', 'state'].includes(verb) && isName(model) && more.length === 0,
      'flotilla.dead': exactly('unprocessable', 'failed'),
    };
  }
  return {
    'flotilla.jobs': ([flow = '', ...more]) => isName(flow) && more.length === 0,
    'flotilla.operations': ([about = '', verb = '', ...more]) =>
      isLower(about) && isLower(verb) && more.length === 0,
  };
}

function mayBind({ name, is }: Someone, exchange: string, key: string): boolean {
  const words = key.split('.');
  const [first = '', second = '', third = ''] = words;
  const orStar = (word: string) => word === '*' || isName(word);
  if (is === 'coordinator' || is === 'worker') {
    if (exchange !== 'flotilla.control' || words.length !== 2) return false;
    return is === 'coordinator'
      ? first === 'announced' && orStar(second)
      : ['ask', 'cancel', 'state'].includes(first) && second === name;
  }
  if (exchange !== 'flotilla.results' || words.length !== 3) return false;
  const status = second === '*' || isLower(second);
  return orStar(first) && status && (is === 'gateway' ? orStar(third) : third === name);
}

const isWork: Rule = ([model = '', version = '', ...more]) =>
  isName(model) && version[0] === 'v' && isMajor(version.slice(1)) && more.length === 0;

const letters = 'abcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';
const madeOf = (word: string, characters: string) =>
  word !== '' && [...word].every((character) => characters.includes(character));

function isName(word: string): boolean {
  return letters.includes(word[0] ?? '-') && madeOf(word, `${letters}${digits}-`);
}

function isLower(word: string): boolean {
  return madeOf(word, `${letters}_`);
}

function isMajor(word: string): boolean {
  return madeOf(word, digits) && word[0] !== '0';
}
