import { describe, expect, it } from 'vitest';
import { Semaphore } from '../../../shared/worker/semaphore.ts';

describe('a semaphore', () => {
  it('gives as many permits as it has, and the next to whoever waits longest', async () => {
    const slots = new Semaphore(2);
    const order: string[] = [];
    await slots.acquire();
    expect(slots.tryAcquire()).toBe(true);
    expect(slots.tryAcquire()).toBe(false);
    const first = slots.acquire().then(() => order.push('first'));
    const second = slots.acquire().then(() => order.push('second'));
    slots.release();
    await first;
    expect(slots.tryAcquire()).toBe(false);
    slots.release();
    await second;
    expect(order).toEqual(['first', 'second']);
  });

  it('lets go of whoever is aborted while he waits, and gives his turn to the next', async () => {
    const slots = new Semaphore(1);
    await slots.acquire();
    const abort = new AbortController();
    const reason = new Error('cancelled');
    const aborted = slots.acquire(abort.signal);
    const next = slots.acquire();
    abort.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    slots.release();
    await next;
    expect(slots.tryAcquire()).toBe(false);
    await expect(slots.acquire(abort.signal)).rejects.toBe(reason);
  });
});
