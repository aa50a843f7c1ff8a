import { describe, expect, it } from 'vitest';
import type { OutgoingMessage } from '../../../shared/transport/transport.ts';
import { ReplyCache } from '../../../shared/worker/reply-cache.ts';

const reply = (bytes: number): OutgoingMessage => ({
  exchange: 'flotilla.replies',
  routingKey: 'echo.succeeded',
  body: new Uint8Array(bytes),
  messageId: 'm',
  type: 'reply',
});

describe('the replies that a worker remembers', () => {
  it('are the last 1,000', () => {
    const replies = new ReplyCache();
    for (let index = 0; index <= 1_000; index += 1) replies.set(`${index}`, reply(1));
    expect(replies.get('0')).toBeUndefined();
    expect(replies.get('1')).toBeDefined();
    expect(replies.get('1000')).toBeDefined();
  });

  it('are at most 64 MiB', () => {
    const replies = new ReplyCache();
    for (let index = 0; index < 9; index += 1) replies.set(`${index}`, reply(8 * 1024 * 1024));
    expect(replies.get('0')).toBeUndefined();
    expect(replies.get('1')).toBeDefined();
  });

  it('are counted once when one is replaced', () => {
    const replies = new ReplyCache();
    for (let index = 0; index < 20; index += 1) replies.set('same', reply(8 * 1024 * 1024));
    replies.set('other', reply(1));
    expect(replies.get('same')).toBeDefined();
  });
});
