import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Held } from '../../../shared/envelope/manifest.ts';
import type { Delivery } from '../../../shared/transport/transport.ts';
import { Rejoin } from '../../../shared/worker/rejoin.ts';
import type { Standing } from '../../../shared/worker/siblings.ts';

/** A delivery as this rule sees it: its message id is its call's name. */
function delivery(call: string, redelivered = true): Delivery {
  return { messageId: call, redelivered } as Delivery;
}

/** A worker's side of the rule, and the words between it and the others while they have a broker. */
class Member {
  readonly calls = new Map<string, Standing>();
  readonly taken: string[] = [];
  readonly done: string[] = [];
  readonly said: Held[] = [];
  readonly rejoin: Rejoin;
  readonly #fleet: Member[];
  isConnected = true;

  constructor(fleet: Member[], instance: string) {
    this.#fleet = fleet;
    this.rejoin = new Rejoin({
      instance,
      clock: { now: () => Date.now() },
      calls: {
        names: () => [...this.calls.keys()],
        standingOf: (call) => this.calls.get(call),
      },
      say: async (held) => this.#say(held),
      take: ({ messageId = '' }) => this.taken.push(messageId),
      done: (deliveries) => this.done.push(...deliveries.map(({ messageId = '' }) => messageId)),
    });
    fleet.push(this);
    this.rejoin.start();
  }

  lose(): void {
    this.isConnected = false;
    this.rejoin.lost();
  }

  /** What a worker does with a request of a call it does not have. */
  get(call: string, redelivered = true): void {
    if (!this.rejoin.holdsBack(call, delivery(call, redelivered))) this.taken.push(call);
  }

  #say(held: Held): void {
    if (!this.isConnected) return;
    this.said.push(held);
    for (const member of this.#fleet) if (member.isConnected) member.rejoin.hear(held);
  }
}

let fleet: Member[];
let one: Member;
let two: Member;

beforeEach(async () => {
  vi.useFakeTimers();
  fleet = [];
  one = new Member(fleet, 'one');
  two = new Member(fleet, 'two');
  await vi.advanceTimersByTimeAsync(1_000);
});
afterEach(() => {
  vi.useRealTimers();
});

const passMs = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** An outage of a minute in which `one` has the call `a`. */
async function outage({ back }: { readonly back: readonly Member[] }): Promise<void> {
  one.calls.set('a', 'running');
  for (const member of fleet) member.lose();
  await passMs(60_000);
  for (const member of back) member.isConnected = true;
}

describe('a worker that has not lost its broker', () => {
  it('takes everything at once', () => {
    one.get('a');
    two.get('b', false);
    expect([one.taken, two.taken]).toEqual([['a'], ['b']]);
  });
});

describe('after an outage a request whose call a sibling has', () => {
  it('waits until the sibling has answered it, and is then acked without a call', async () => {
    await outage({ back: [one, two] });
    two.get('a');
    await passMs(40_000);
    expect([two.taken, two.done]).toEqual([[], []]);
    one.calls.set('a', 'answered');
    await passMs(1_000);
    expect([two.taken, two.done]).toEqual([[], ['a']]);
  });

  it('is acked when it was answered in the outage', async () => {
    await outage({ back: [] });
    one.calls.set('a', 'answered');
    for (const member of fleet) member.isConnected = true;
    two.get('a');
    await passMs(2_000);
    expect([two.taken, two.done]).toEqual([[], ['a']]);
  });

  it('waits also when it is one more copy of it, that was never delivered', async () => {
    await outage({ back: [one, two] });
    await passMs(2_000);
    two.get('a', false);
    await passMs(20_000);
    expect([two.taken, two.done]).toEqual([[], []]);
  });

  it('is taken as soon as the sibling gives it up', async () => {
    await outage({ back: [one, two] });
    two.get('a');
    await passMs(2_000);
    expect(two.taken).toEqual([]);
    one.calls.delete('a');
    await passMs(1_000);
    expect([two.taken, two.done]).toEqual([['a'], []]);
  });

  it('is taken when the sibling has not been heard for 15 s', async () => {
    await outage({ back: [one, two] });
    two.get('a');
    await passMs(2_000);
    one.isConnected = false;
    await passMs(9_000);
    expect(two.taken).toEqual([]);
    await passMs(7_000);
    expect(two.taken).toEqual(['a']);
  });

  it('is acked however late it comes again; published again long after, it is taken', async () => {
    await outage({ back: [one, two] });
    one.calls.set('a', 'answered');
    await passMs(600_000);
    two.get('a');
    two.get('a', false);
    await passMs(1_000);
    expect([two.taken, two.done]).toEqual([['a'], ['a']]);
  });
});

describe('after an outage a request of a call that nobody has', () => {
  it('is taken once all siblings have spoken', async () => {
    await outage({ back: [two] });
    two.get('b');
    await passMs(5_000);
    expect(two.taken).toEqual([]);
    one.isConnected = true;
    await passMs(1_500);
    expect(two.taken).toEqual(['b']);
  });

  it('is taken at once by a worker that is alone', async () => {
    one.rejoin.stop();
    fleet.splice(0, 1);
    await outage({ back: [two] });
    two.get('b');
    await passMs(500);
    expect(two.taken).toEqual(['b']);
  });

  it('waits 10 s for a sibling that does not come back, and not for it again', async () => {
    await outage({ back: [two] });
    two.get('a');
    await passMs(9_500);
    expect(two.taken).toEqual([]);
    await passMs(1_000);
    expect(two.taken).toEqual(['a']);
    two.lose();
    await passMs(60_000);
    two.isConnected = true;
    two.get('b');
    await passMs(500);
    expect(two.taken).toEqual(['a', 'b']);
  });

  it('waits no longer than a second and twice the outage', async () => {
    for (const member of fleet) member.lose();
    await passMs(500);
    two.isConnected = true;
    two.get('b');
    await passMs(1_500);
    expect(two.taken).toEqual([]);
    await passMs(1_000);
    expect(two.taken).toEqual(['b']);
  });

  it('is taken in time where no word ever comes through', async () => {
    one.calls.set('a', 'running');
    for (const member of fleet) member.lose();
    await passMs(60_000);
    two.get('b');
    await passMs(10_500);
    expect(two.taken).toEqual(['b']);
  });
});

describe('what waits', () => {
  it('is forgotten when it is lost again', async () => {
    await outage({ back: [one, two] });
    two.get('a');
    await passMs(2_000);
    two.lose();
    two.isConnected = true;
    one.calls.delete('a');
    await passMs(5_000);
    expect([two.taken, two.done]).toEqual([[], []]);
  });

  it('goes back to the queue when the worker stops', async () => {
    await outage({ back: [one, two] });
    two.get('a');
    expect(two.rejoin.giveBack()).toEqual([delivery('a')]);
    await passMs(20_000);
    expect([two.taken, two.done]).toEqual([[], []]);
  });
});

describe('a worker that stops', () => {
  it('says so: what it answered stays answered, what it gave back is taken, and nobody waits for it', async () => {
    one.calls.set('b', 'running');
    await outage({ back: [one, two] });
    two.get('a');
    two.get('b');
    await passMs(2_000);
    one.calls.set('a', 'answered');
    one.rejoin.stop();
    await passMs(500);
    expect([two.taken, two.done]).toEqual([['b'], ['a']]);
  });
});

describe('a worker that has lost no call', () => {
  it('says nothing more than that it is there', async () => {
    await outage({ back: [one, two] });
    await passMs(2_000);
    const before = two.said.length;
    await passMs(60_000);
    expect(two.said).toHaveLength(before);
    expect(one.said.length).toBeGreaterThan(before);
  });
});
