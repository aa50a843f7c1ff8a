import { expect, test } from 'vitest';
import { TopicExchange, topicMatches } from '../../../shared/transport/memory/routing.ts';

test.each([
  ['#', '', true],
  ['#', 'a.b.c', true],
  ['*', 'a', true],
  ['*', '', false],
  ['*', 'a.b', false],
  ['a.*.c', 'a.b.c', true],
  ['a.*.c', 'a.b.b.c', false],
  ['a.#', 'a', true],
  ['a.#', 'a.b.c', true],
  ['a.#', 'ab', false],
  ['#.c', 'c', true],
  ['#.c', 'a.b.c', true],
  ['#.b.#', 'a.b.c', true],
  ['#.b.#', 'a.c', false],
  ['#.*', 'a', true],
  ['#.*', '', false],
  ['a.b', 'a.b', true],
  ['a.b', 'a.b.c', false],
])('pattern %j and routing key %j: %s', (pattern, routingKey, expected) => {
  expect(topicMatches(pattern, routingKey)).toBe(expected);
});

test('a queue with two matching bindings gets one copy', () => {
  const topic = new TopicExchange<string>();
  topic.bind('queue', '#');
  topic.bind('queue', 'a.*');
  expect(topic.route('a.b')).toEqual(['queue']);
});

test('a binding made later counts for keys that were routed before', () => {
  const topic = new TopicExchange<string>();
  expect(topic.route('a')).toEqual([]);
  topic.bind('queue', 'a');
  expect(topic.route('a')).toEqual(['queue']);
  topic.unbind('queue');
  expect(topic.route('a')).toEqual([]);
});
