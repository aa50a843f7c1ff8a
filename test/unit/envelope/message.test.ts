import { describe, expect, test } from 'vitest';
import { decode } from '../../../shared/envelope/codec.ts';
import { message } from '../../../shared/envelope/message.ts';
import { jobOf, nowMs, request, result } from './samples.ts';

describe('a message', () => {
  const spec = {
    type: 'request',
    envelope: request,
    exchange: 'flotilla.work',
    routingKey: 'critic.v1',
  } as const;

  test('carries its envelope, its type and the envelope’s id', () => {
    const made = message(spec);
    expect(made).toMatchObject({
      type: 'request',
      messageId: request.id,
      exchange: 'flotilla.work',
    });
    expect(decode('request', made.body, { trust: 'internal' })).toEqual(request);
  });

  test('keeps what it is told and adds nothing that it is not', () => {
    const told = {
      correlationId: 'c',
      headers: { a: 1 },
      mandatory: true,
      persistent: false,
      expirationMs: 5,
    };
    expect(message({ ...spec, ...told })).toMatchObject(told);
    expect(Object.keys(message(spec)).sort()).toEqual(
      ['body', 'exchange', 'messageId', 'routingKey', 'type'].sort(),
    );
  });

  test('of a result has an id of its own, the same for every copy of it', () => {
    const resultSpec = { ...spec, type: 'result', envelope: result } as const;
    const { messageId } = message(resultSpec);
    expect(messageId).not.toBe(result.id);
    expect(message(resultSpec).messageId).toBe(messageId);
    const other = { ...result, run: { ...result.run, id: crypto.randomUUID() } };
    expect(message({ ...resultSpec, envelope: other }).messageId).not.toBe(messageId);
  });

  test('of a job may be opened at the untrusted door', () => {
    const made = message({ ...spec, type: 'job', envelope: jobOf() });
    expect(decode('job', made.body, { trust: 'untrusted', nowMs })).toEqual(jobOf());
  });
});
