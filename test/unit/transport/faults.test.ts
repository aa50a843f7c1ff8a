import { expect, test } from 'vitest';
import { brokerAddress } from '../../../shared/transport/amqp/broker-url.ts';
import {
  culpritOf,
  dialFault,
  needsOperator,
  topologyFault,
} from '../../../shared/transport/amqp/faults.ts';

const reply = (code: number, message: string) => Object.assign(new Error(message), { code });

test.each([
  [404, `NOT_FOUND - no exchange 'gone' in vhost '/'`, { kind: 'exchange', exchange: 'gone' }],
  [
    403,
    `ACCESS_REFUSED - write access to exchange 'flotilla.work' in vhost '/' refused for user 'w'`,
    { kind: 'exchange', exchange: 'flotilla.work' },
  ],
  [
    403,
    `ACCESS_REFUSED - write access to topic 'a.b' in exchange 'flotilla.results' in vhost '/' refused`,
    { kind: 'topic', exchange: 'flotilla.results', routingKey: 'a.b' },
  ],
  [
    406,
    'PRECONDITION_FAILED - message size 20000000 is larger than configured max size 16777216',
    { kind: 'size', maxBytes: 16_777_216 },
  ],
  [406, 'PRECONDITION_FAILED - unknown delivery tag 1', undefined],
  [541, 'INTERNAL_ERROR', undefined],
])('%i %s names its culprit', (code, message, culprit) => {
  expect(culpritOf(reply(code, message))).toEqual(culprit);
});

test('a refused login needs an operator, a broker that is down does not', () => {
  const address = brokerAddress('amqp://user:secret@host');
  const refused = dialFault(
    new Error('Handshake terminated by server: 403 (ACCESS-REFUSED)'),
    address,
  );
  expect(refused.code).toBe('broker_refused');
  expect(needsOperator(refused)).toBe(true);
  const down = dialFault(reply(0, 'connect ECONNREFUSED'), address);
  expect(down.code).toBe('broker_unreachable');
  expect(needsOperator(down)).toBe(false);
  expect(refused.message + down.message).not.toContain('secret');
});

test.each([
  [404, 'topology_missing'],
  [406, 'topology_mismatch'],
  [403, 'broker_refused'],
])('reply code %i to a declaration is %s', (code, expected) => {
  expect(topologyFault(reply(code, 'said so'), 'queue jobs')).toMatchObject({ code: expected });
});

test('other faults of a declaration are passed on as they are', () => {
  const lost = new Error('Channel ended, no reply will be forthcoming');
  expect(topologyFault(lost, 'queue jobs')).toBe(lost);
});

test('a login by certificate that is refused says what it takes', () => {
  const refused = new Error('Handshake terminated by server: 403 (ACCESS-REFUSED)');
  const byCertificate = dialFault(refused, brokerAddress('amqps://host', 'sentiment'));
  expect(byCertificate).toMatchObject({ code: 'broker_refused' });
  expect(byCertificate.message).toMatch(/ssl_cert_login_from = common_name.* user sentiment\.$/);
  const byPassword = dialFault(refused, brokerAddress('amqps://a:b@host', 'sentiment'));
  expect(byPassword.message).not.toContain('certificate');
});
