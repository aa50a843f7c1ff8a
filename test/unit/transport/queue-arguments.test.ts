import { expect, test } from 'vitest';
import { queueArguments } from '../../../shared/transport/amqp/queue-arguments.ts';
import { queueNamed, staticQueues, workQueue } from '../../../shared/transport/topology.ts';

test('a work queue is a quorum queue whose dead letters are not lost', () => {
  expect(queueArguments(workQueue('echo', 2))).toEqual({
    'x-queue-type': 'quorum',
    'x-dead-letter-exchange': 'flotilla.dead',
    'x-dead-letter-routing-key': 'failed',
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
    'x-delivery-limit': 10,
  });
});

test('every quorum queue has a delivery limit: from RabbitMQ 4 on the default would drop messages', () => {
  for (const spec of staticQueues.filter((one) => one.type === 'quorum')) {
    expect(queueArguments(spec)['x-delivery-limit']).toBeGreaterThan(0);
  }
});

test('the progress queue drops its oldest and dead-letters nothing', () => {
  const progress = queueNamed('progress');
  expect(progress && queueArguments(progress)).toEqual({
    'x-queue-type': 'classic',
    'x-max-length': 10_000,
    'x-overflow': 'drop-head',
  });
});

test('a queue is found by its name, a work queue too, and nothing else is', () => {
  expect(queueNamed('jobs')?.name).toBe('jobs');
  expect(queueNamed('work.product-qa.v12')).toEqual(workQueue('product-qa', 12));
  for (const name of ['work.echo', 'work.echo.v0', 'work.a.b.v1', 'control.x.y', '']) {
    expect(queueNamed(name)).toBeUndefined();
  }
});
