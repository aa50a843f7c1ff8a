import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AckWindow } from '../../../shared/transport/amqp/ack-window.ts';

const item = (tag: number) => ({ tag });

function windowOf(count: number) {
  const window = new AckWindow<{ tag: number }>();
  const items = Array.from({ length: count }, (_, index) => item(index + 1));
  for (const one of items) window.delivered(one);
  return { window, items };
}

test('a whole batch is acknowledged by its last delivery', () => {
  const { window, items } = windowOf(5);
  expect(window.acknowledged(items)).toEqual({ upTo: item(5), single: [] });
});

test('what lies behind an unsettled delivery is acknowledged one by one', () => {
  const { window } = windowOf(5);
  expect(window.acknowledged([item(2), item(4)])).toEqual({
    upTo: undefined,
    single: [item(2), item(4)],
  });
  expect(window.acknowledged([item(1)])).toEqual({ upTo: item(1), single: [] });
  expect(window.acknowledged([item(3), item(5)])).toEqual({ upTo: item(5), single: [] });
});

test('a rejected delivery is never the one an acknowledgement names', () => {
  const { window } = windowOf(3);
  window.settled([item(3)]);
  expect(window.acknowledged([item(1), item(2)])).toEqual({ upTo: item(2), single: [] });
});

test('a tag out of order is a fault', () => {
  const { window } = windowOf(1);
  expect(() => window.delivered(item(3))).toThrow('out of order');
});

test('in any order of settling, every delivery is settled once and none before its time', () => {
  const settling = fc.array(
    fc.record({
      deliver: fc.nat({ max: 700 }),
      pick: fc.array(fc.nat({ max: 5_000 }), { maxLength: 40 }),
      all: fc.boolean(),
      as: fc.constantFrom('ack', 'reject'),
    }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(settling, (steps) => {
      const window = new AckWindow<{ tag: number }>();
      const open = new Set<number>();
      /** What the broker holds as unsettled. */
      const broker = new Set<number>();
      let tag = 0;
      for (const { deliver, pick, all, as } of steps) {
        for (let count = 0; count < deliver; count += 1) {
          tag += 1;
          window.delivered(item(tag));
          open.add(tag);
          broker.add(tag);
        }
        const chosen = all ? [...open] : [...new Set(pick)].filter((one) => open.has(one));
        for (const one of chosen) open.delete(one);
        const items = chosen.map(item);
        if (as === 'reject') {
          window.settled(items);
          for (const one of chosen) broker.delete(one);
        } else {
          const { upTo, single } = window.acknowledged(items);
          for (const one of [...(upTo ? [upTo] : []), ...single]) {
            // RabbitMQ closes the channel for a tag that it does not hold.
            expect(broker.has(one.tag)).toBe(true);
            if (one === upTo) for (const held of broker) if (held < one.tag) broker.delete(held);
            broker.delete(one.tag);
          }
        }
        expect(broker).toEqual(open);
      }
    }),
    { numRuns: 200 },
  );
});
