import { describe, expect, it } from 'vitest';
import type { ScatterNode } from '../../../shared/flow/kernel.ts';
import {
  branch,
  call,
  flowOf,
  map,
  reading,
  scatter,
  sequence,
  valueAt,
} from '../../support/kernel-builders.ts';
import { RunDriver } from '../../support/run-driver.ts';

const images = reading({ payload: '$payload' }, ({ payload }) => {
  return (payload as { images: [] }).images;
});
const caption = call('album/#/caption', { input: valueAt('album/#/$item') });

function mapping(count: number, options: Parameters<typeof map>[3] = {}): RunDriver {
  return running(map('album', images, { output: 'caption', body: [caption] }, options), count);
}

function running(node: ScatterNode, count: number): RunDriver {
  const payload = { images: Array.from({ length: count }, (_, n) => ({ n })) };
  const flow = flowOf(sequence(node), { output: valueAt('album') });
  const driver = new RunDriver(flow, { payload });
  driver.accept();
  return driver;
}

describe('a map', () => {
  it('runs one branch per element and lists the outputs in the order of the elements', () => {
    const driver = mapping(3);
    expect(driver.dispatches.map(({ path, input }) => [path, input])).toEqual([
      ['album/0/caption', { n: 0 }],
      ['album/1/caption', { n: 1 }],
      ['album/2/caption', { n: 2 }],
    ]);
    driver.succeed('album/2/caption', { c: 2 });
    driver.succeed('album/0/caption', { c: 0 });
    driver.succeed('album/1/caption', { c: 1 });
    expect(driver.result.payload).toEqual([{ c: 0 }, { c: 1 }, { c: 2 }]);
  });

  it('of nothing is an empty list at once', () => {
    expect(mapping(0).result).toMatchObject({ status: 'succeeded', payload: [] });
  });

  it('of nothing cannot have a number of successes', () => {
    expect(mapping(0, { join: { need: 1 } }).run.error?.code).toBe('join_impossible');
  });

  it('opens as many as its concurrency, the next in order when one is done', () => {
    const driver = mapping(5, { concurrency: 2 });
    expect(driver.open).toEqual(['album/0/caption', 'album/1/caption']);
    driver.succeed('album/1/caption', {});
    expect(driver.open).toEqual(['album/0/caption', 'album/2/caption']);
    expect(driver.dispatches.at(-1)?.input).toEqual({ n: 2 });
  });

  it('has null where an element is missing, and names it', () => {
    const driver = mapping(3, { join: { need: 'all', withinMs: 1_000 } });
    driver.succeed('album/2/caption', { c: 2 });
    driver.timeToDue();
    expect(driver.result.payload).toEqual([null, null, { c: 2 }]);
    expect(driver.run.missing).toEqual(['album/0', 'album/1']);
  });

  it('of too many elements fails before any is started', () => {
    const driver = mapping(11, { maxElements: 10 });
    expect(driver.run.error).toMatchObject({ code: 'too_many_elements', step: 'album' });
    expect(driver.dispatches).toEqual([]);
  });

  it('over anything but a list fails', () => {
    const node = map('album', valueAt('$payload'), { output: 'caption', body: [caption] });
    expect(running(node, 1).run.error).toMatchObject({ code: 'expression_failed', step: 'album' });
  });

  it('inside a map knows both elements', () => {
    const inner = map(
      'album/#/faces',
      reading({ item: 'album/#/$item' }, ({ item }) => {
        const { n } = item as { n: number };
        return [`${n}-a`, `${n}-b`];
      }),
      {
        output: 'name',
        body: [
          call('album/#/faces/#/name', {
            input: reading(
              { image: 'album/#/$item', face: 'album/#/faces/#/$item' },
              ({ image, face }) => ({ image: image ?? null, face: face ?? null }),
            ),
          }),
        ],
      },
    );
    const driver = running(map('album', images, { output: 'faces', body: [inner] }), 2);
    expect(driver.dispatches.map(({ path, input }) => [path, input])).toEqual([
      ['album/0/faces/0/name', { image: { n: 0 }, face: '0-a' }],
      ['album/0/faces/1/name', { image: { n: 0 }, face: '0-b' }],
      ['album/1/faces/0/name', { image: { n: 1 }, face: '1-a' }],
      ['album/1/faces/1/name', { image: { n: 1 }, face: '1-b' }],
    ]);
    for (const { path } of driver.dispatches) driver.succeed(path, { path });
    expect(driver.result.payload).toEqual([
      [{ path: 'album/0/faces/0/name' }, { path: 'album/0/faces/1/name' }],
      [{ path: 'album/1/faces/0/name' }, { path: 'album/1/faces/1/name' }],
    ]);
  });

  it('finds the branch of a reply even when its path does not begin with that of the scatter', () => {
    const branches = ['a', 'b'].map((id) => ({
      ...branch('album', id, call(`elsewhere/${id}`)),
      output: [`elsewhere/${id}`],
    }));
    const driver = running(scatter('album', branches), 1);
    driver.succeed('elsewhere/b', { b: 1 });
    driver.succeed('elsewhere/a', { a: 1 });
    expect(driver.result.payload).toEqual({ a: { a: 1 }, b: { b: 1 } });
  });

  it('reads nothing of the elements that are done until it joins', () => {
    const driver = mapping(3);
    driver.values.delete('album/0/$item');
    driver.succeed('album/0/caption', {});
    expect(driver.rounds).toBe(0);
  });

  it('keeps its state small however many are done', () => {
    const driver = mapping(1_000, { concurrency: 10 });
    for (let n = 0; n < 900; n += 1) driver.succeed(`album/${n}/caption`, {});
    expect(JSON.stringify(driver.run.state).length).toBeLessThan(4_000);
  });
});
