import { describe, expect, test } from 'vitest';
import { senderFault } from '../../../shared/transport/amqp/sender.ts';
import { exchange } from '../../../shared/transport/topology.ts';
import type { Delivery } from '../../../shared/transport/transport.ts';

function delivery(from: Pick<Delivery, 'exchange' | 'routingKey' | 'userId'>): Delivery {
  const body = Buffer.from('{}');
  const left = { messageId: 'm', type: 'reply', correlationId: undefined, redelivered: false };
  const content = { contentType: 'application/json', contentEncoding: undefined };
  return { ...left, ...content, body, headers: {}, deliveryCount: 0, ...from };
}

function faultOf(name: string, routingKey: string, userId?: string): string | undefined {
  return senderFault(delivery({ exchange: name, routingKey, userId }))?.code;
}

describe('a message is believed to be from', () => {
  test.each([
    [exchange.replies, 'sentiment.succeeded', 'sentiment'],
    [exchange.progress, 'spam-rules.progress', 'spam-rules'],
    [exchange.control, 'announced.sentiment', 'sentiment'],
    [exchange.control, 'cancel.sentiment', 'coordinator'],
    [exchange.work, 'sentiment.v1', 'coordinator'],
    [exchange.results, 'support.timed_out.shop', 'coordinator'],
    [exchange.results, 'operation.failed.shop', 'coordinator'],
    [exchange.jobs, 'support', 'shop'],
    [exchange.operations, 'run.get', 'cli'],
    [exchange.dead, 'unprocessable', 'whoever'],
  ])('on %s with %s: %s', (name, routingKey, userId) => {
    expect(faultOf(name, routingKey, userId)).toBeUndefined();
  });
});

describe('a message is refused as sender_refused', () => {
  test.each([
    [exchange.replies, 'sentiment.succeeded', 'topic'],
    [exchange.replies, 'sentiment.succeeded', 'coordinator'],
    [exchange.replies, 'sentiment.v1', 'sentiment'],
    [exchange.control, 'announced.sentiment', 'topic'],
    [exchange.control, 'cancel.sentiment', 'sentiment'],
    [exchange.work, 'sentiment.v1', 'sentiment'],
    [exchange.results, 'support.succeeded.shop', 'shop'],
    ['', 'replies', 'sentiment'],
    ['amq.topic', 'sentiment.succeeded', 'sentiment'],
  ])('on %s with %s from %s', (name, routingKey, userId) => {
    expect(faultOf(name, routingKey, userId)).toBe('sender_refused');
  });

  test('without a user_id, and the sentence says what to do', () => {
    const fault = senderFault(
      delivery({ exchange: exchange.jobs, routingKey: 'support', userId: undefined }),
    );
    expect(fault?.code).toBe('sender_refused');
    expect(fault?.message).toContain('set that property to the name you log in with');
  });

  test('when the broker dead-lettered it to an exchange where nothing is dead-lettered to', () => {
    const cancel = delivery({
      exchange: exchange.control,
      routingKey: 'cancel.ocr',
      userId: 'coordinator',
    });
    const headers = { 'x-first-death-exchange': exchange.control };
    expect(senderFault({ ...cancel, headers })?.code).toBe('sender_refused');
  });
});
