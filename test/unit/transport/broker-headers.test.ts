import { expect, test } from 'vitest';
import { withoutBrokerHeaders } from '../../../shared/transport/broker-headers.ts';

test('headers that a broker wrote are left out', () => {
  const headers = {
    'x-death': 'a table',
    'x-first-death-queue': 'jobs',
    'x-last-death-reason': 'expired',
    'x-delivery-count': 3,
    'x-acquired-count': 4,
    'x-ours': 1,
    traceparent: '00-a-b-01',
  };
  expect(withoutBrokerHeaders(headers)).toEqual({ 'x-ours': 1, traceparent: '00-a-b-01' });
});

test('headers without any are passed on as they are', () => {
  const headers = { traceparent: '00-a-b-01' };
  expect(withoutBrokerHeaders(headers)).toBe(headers);
});
