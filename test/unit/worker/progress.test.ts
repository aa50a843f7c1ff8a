import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { header } from '../../../shared/envelope/headers.ts';
import { exchange } from '../../../shared/transport/topology.ts';
import type { Call } from '../../../shared/worker/model.ts';
import { eventually } from '../../support/eventually.ts';
import { echo, MemoryBench, request } from './harness.ts';

let bench: MemoryBench;
beforeEach(async () => {
  bench = await MemoryBench.start();
});
afterEach(() => bench.tearDown());

const watched = { [header.watch]: 'true' };

/** Says three tokens, then answers. */
const talkative = echo({
  run(input, call) {
    for (const token of ['a', 'b', 'c']) call.emit({ token });
    return input;
  },
});

describe('progress', () => {
  it('reaches whoever watches, numbered from 1 within the attempt', async () => {
    await bench.worker(talkative);
    const asked = request({ text: 'x' });
    await bench.ask(asked, watched);
    await eventually(() => bench.progress.length === 3);
    expect(bench.progress.map(({ payload }) => payload)).toEqual([
      { sequence: 1, token: 'a' },
      { sequence: 2, token: 'b' },
      { sequence: 3, token: 'c' },
    ]);
    expect(bench.progress[0]?.step).toEqual(asked.step);
    expect(new Set(bench.progress.map(({ id }) => id)).size).toBe(3);
  });

  it('starts anew with each attempt', async () => {
    await bench.worker(talkative);
    const asked = request({ text: 'x' });
    await bench.ask(asked, watched);
    await bench.ask(request({ text: 'x' }, { ...asked.step, attempt: 2 }), watched);
    await eventually(() => bench.progress.length === 6);
    const second = bench.progress.filter(({ step }) => step.attempt === 2);
    expect(second.map(({ payload }) => payload['sequence'])).toEqual([1, 2, 3]);
  });

  it.each([{}, { [header.watch]: 'false' }])(
    'is not sent where nobody watches (%o)',
    async (headers) => {
      const sent: string[] = [];
      const { publish } = bench.transport;
      bench.transport.publish = (messages) => {
        sent.push(...messages.map((message) => message.exchange));
        return publish.call(bench.transport, messages);
      };
      await bench.worker(talkative);
      await bench.ask(request({ text: 'x' }), headers);
      expect(sent).not.toContain(exchange.progress);
    },
  );

  it('goes out before the reply of the same tick, and is not persistent', async () => {
    const sent: { type: string; persistent: boolean | undefined }[] = [];
    const { publish } = bench.transport;
    bench.transport.publish = (messages) => {
      sent.push(...messages.map(({ type, persistent }) => ({ type, persistent })));
      return publish.call(bench.transport, messages);
    };
    await bench.worker(talkative);
    sent.length = 0;
    await bench.ask(request({ text: 'x' }), watched);
    expect(sent.map(({ type }) => type)).toEqual([
      'request',
      'progress',
      'progress',
      'progress',
      'reply',
    ]);
    expect(sent[1]?.persistent).toBe(false);
  });

  it('that comes after the reply, or is no JSON, is dropped and costs the call nothing', async () => {
    const calls: Call[] = [];
    const model = echo({
      run(input, call) {
        calls.push(call);
        call.emit({ bad: 1n as never });
        call.emit({ good: true });
        return input;
      },
    });
    await bench.worker(model);
    const { outcome } = await bench.ask(request({ text: 'x' }), watched);
    expect(outcome.status).toBe('succeeded');
    calls[0]?.emit({ late: true });
    await bench.ask(request({ text: 'y' }));
    expect(bench.progress.map(({ payload }) => payload)).toEqual([{ sequence: 2, good: true }]);
  });

  it('never blocks a model while the broker takes nothing', async () => {
    const model = echo({
      run(input, call) {
        for (let token = 0; token < 5_000; token += 1) call.emit({ token });
        return input;
      },
    });
    await bench.worker(model);
    const { publish } = bench.transport;
    let stuck = 0;
    bench.transport.publish = (messages) => {
      if (messages[0]?.type !== 'progress') return publish.call(bench.transport, messages);
      stuck += messages.length;
      return new Promise(() => {});
    };
    const { outcome } = await bench.ask(request({ text: 'x' }), watched);
    expect(outcome.status).toBe('succeeded');
    expect(stuck).toBe(1_000);
    await bench.ask(request({ text: 'y' }), watched);
    expect(stuck).toBe(1_000);
  });
});
