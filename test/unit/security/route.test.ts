import { expect, it } from 'vitest';
import { routeOf } from '../../../shared/security/route.ts';
import { exchange } from '../../../shared/transport/topology.ts';

it('knows no route of an exchange that only reads like one of ours with a routing key, whatever was asked before', () => {
  expect(routeOf(exchange.jobs, 'support/urgent')).toBeDefined();
  expect(routeOf(`${exchange.jobs}/support`, 'urgent')).toBeUndefined();
});
