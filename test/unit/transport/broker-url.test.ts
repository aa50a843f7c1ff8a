import { expect, test } from 'vitest';
import { brokerAddress } from '../../../shared/transport/amqp/broker-url.ts';

test('what a URL leaves out is RabbitMQ’s default', () => {
  expect(brokerAddress('amqp://broker')).toEqual({
    hostname: 'broker',
    port: 5672,
    tls: false,
    username: 'guest',
    password: 'guest',
    vhost: '%2F',
    display: 'amqp://guest@broker:5672/%2F',
  });
});

test('user, password and virtual host may be percent-encoded, and the password is not displayed', () => {
  const address = brokerAddress('amqps://a%40b:p%2Fw@[::1]/fleet%2Fone');
  expect(address).toMatchObject({
    hostname: '::1',
    port: 5671,
    tls: true,
    username: 'a@b',
    password: 'p/w',
    vhost: 'fleet%2Fone',
  });
  expect(address.display).not.toContain('p/w');
});

test.each([
  ['amqps://broker', { username: 'sentiment', password: '', byCertificate: true }],
  ['amqps://somebody:secret@broker', { username: 'somebody', password: 'secret' }],
  ['amqp://broker', { username: 'guest', password: 'guest' }],
])('a client certificate for sentiment and %s are the login of %o', (url, login) => {
  const { username, password, byCertificate } = brokerAddress(url, 'sentiment');
  expect({ username, password, ...(byCertificate ? { byCertificate } : {}) }).toEqual(login);
});

test.each(['', 'localhost:5672', 'http://localhost', 'amqp://%zz@host'])(
  '%j is refused with a sentence, without its text',
  (url) => {
    expect(() => brokerAddress(url)).toThrow(/broker URL/);
  },
);
