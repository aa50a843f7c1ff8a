import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { attended } from '../../../shared/artifacts/attended.ts';

const never = new AbortController().signal;
const patience = { silenceMs: 30_000, onSilence: () => new Error('said nothing') };

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += Buffer.from(piece).toString();
  return text;
}

describe('a stream that is attended', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('passes on what it says', async () => {
    const pieces = Readable.from([Buffer.from('a'), Buffer.from('b')]);
    expect(await collect(attended(pieces, never, patience))).toBe('ab');
  });

  it('is given up after a silence, and ended', async () => {
    const pieces = new Readable({ read() {} });
    pieces.push('a');
    const reading = expect(collect(attended(pieces, never, patience))).rejects.toThrow(
      'said nothing',
    );
    await vi.advanceTimersByTimeAsync(29_999);
    expect(pieces.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await reading;
    expect(pieces.destroyed).toBe(true);
  });

  it('is not given up while it is its reader who is slow', async () => {
    const pieces = Readable.from([Buffer.from('a'), Buffer.from('b')]);
    const stream = attended(pieces, never, patience);
    await stream.next();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(await collect(stream)).toBe('b');
  });

  it('is let go of when the caller gives up, though it never answers', async () => {
    const giveUp = new AbortController();
    const pieces = (async function* stall(): AsyncGenerator<Uint8Array> {
      setImmediate(() => giveUp.abort(new Error('no time left')));
      await new Promise(() => {});
    })();
    await expect(collect(attended(pieces, giveUp.signal))).rejects.toThrow('no time left');
  });

  it('is ended when its reader leaves early', async () => {
    const pieces = Readable.from([Buffer.from('a'), Buffer.from('b')]);
    for await (const _ of attended(pieces, never)) break;
    expect(pieces.destroyed).toBe(true);
  });
});
