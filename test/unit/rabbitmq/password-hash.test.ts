import { expect, it } from 'vitest';
import { passwordHash } from '../../../infra/rabbitmq/password-hash.ts';

it("hashes a password as RabbitMQ's own example does", () => {
  expect(passwordHash('test12', Buffer.from('908dc60a', 'hex'))).toBe(
    'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR',
  );
});
