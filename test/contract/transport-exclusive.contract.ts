import { expect, test } from 'vitest';
import { exchange } from '../../shared/transport/topology.ts';
import type { Delivery } from '../../shared/transport/transport.ts';
import { eventually } from '../support/eventually.ts';
import { type ContractContext, freshModel, requestTo } from './transport-harness.ts';

/** What queues that live and die with a process promise. */
export function exclusiveContract(context: ContractContext): void {
  test('an exclusive queue takes what its patterns match: * is one word, # is any number', async () => {
    const [one, any, exact] = [freshModel(), freshModel(), freshModel()];
    const seen: string[] = [];
    const subscription = await context.transport.consumeExclusive(
      {
        name: `client.test.${freshModel()}`,
        bindings: [
          { exchange: exchange.results, routingKey: `${one}.*` },
          { exchange: exchange.results, routingKey: `${any}.#` },
          { exchange: exchange.results, routingKey: `#.${any}` },
          { exchange: exchange.results, routingKey: exact },
        ],
      },
      {
        prefetch: 100,
        onBatch: (deliveries) => {
          seen.push(...deliveries.map((delivery) => delivery.routingKey));
          subscription.settle(deliveries, 'ack');
        },
      },
    );
    const keys = [
      `${one}.a`,
      any,
      `${any}.a.b`,
      `a.${any}`,
      exact,
      one,
      `${one}.a.b`,
      `${exact}.a`,
      `end.${exact}`,
    ];
    await context.transport.publish(
      keys.map((routingKey) =>
        requestTo('none', { exchange: exchange.results, routingKey, mandatory: false }),
      ),
    );
    await context.transport.publish([
      requestTo('none', { exchange: exchange.results, routingKey: `${any}.last` }),
    ]);
    await eventually(() => seen.includes(`${any}.last`));
    expect(seen).toEqual([`${one}.a`, any, `${any}.a.b`, `a.${any}`, exact, `${any}.last`]);
  });

  test('every bound exclusive queue gets its copy, and a bounded one keeps the newest', async () => {
    const key = freshModel();
    const bindings = [{ exchange: exchange.control, routingKey: key }];
    const all: Delivery[] = [];
    const newest: Delivery[] = [];
    const consumeAll = {
      prefetch: 100,
      onBatch: (some: readonly Delivery[]) => void all.push(...some),
    };
    const consumeNewest = {
      prefetch: 1,
      onBatch: (some: readonly Delivery[]) => void newest.push(...some),
    };
    const names = [`control.test.${freshModel()}`, `control.test.${freshModel()}`] as const;
    await context.transport.consumeExclusive({ name: names[0], bindings }, consumeAll);
    const bounded = await context.transport.consumeExclusive(
      { name: names[1], bindings, maxLength: 2 },
      consumeNewest,
    );
    const message = () => requestTo('none', { exchange: exchange.control, routingKey: key });
    const [first, ...others] = [message(), message(), message(), message(), message()];
    await context.transport.publish(first ? [first] : []);
    await eventually(() => newest.length === 1);
    await context.transport.publish(others);
    await eventually(() => all.length === 5);
    expect(await context.transport.readyCount(names[1])).toBe(2);
    bounded.settle(newest, 'ack');
    await eventually(() => newest.length === 2);
    expect(newest[1]?.messageId).toBe(others[2]?.messageId);
  });

  test('an exclusive queue goes with its subscription', async () => {
    const key = freshModel();
    const bindings = [{ exchange: exchange.control, routingKey: key }];
    const name = `control.test.${freshModel()}`;
    const subscription = await context.transport.consumeExclusive(
      { name, bindings },
      { prefetch: 1, onBatch: () => {} },
    );
    const message = requestTo('none', { exchange: exchange.control, routingKey: key });
    expect(await context.transport.publish([message])).toEqual([{ status: 'confirmed' }]);
    await subscription.close();
    expect(await context.transport.publish([message])).toMatchObject([{ status: 'unroutable' }]);
  });
}
