import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ArtifactStore } from '../../../shared/artifacts/artifact-store.ts';
import type { ArtifactMarker } from '../../../shared/artifacts/reference.ts';
import type { AnyModel } from '../../../shared/worker/model.ts';
import { ArtifactFleet, doubling } from '../../support/artifact-fleet.ts';
import { eventually } from '../../support/eventually.ts';
import { flowOf } from '../../support/flow-text.ts';

let fleet: ArtifactFleet;

beforeEach(async () => {
  fleet = await ArtifactFleet.open();
});

afterEach(async () => {
  await fleet.close();
  expect(fleet.errors).toEqual([]);
});

describe('what is put together of many small values', () => {
  const words = Array.from({ length: 200 }, (_, index) => ({
    text: `${index} ${'x'.repeat(1_000)}`,
  }));
  const flow = flowOf(
    `- map: pages
  over: payload.list
  as: page
  do:
    - step: one
      model: one
      input: { text: page.text }
- step: all
  model: two
  input: { texts: "context.pages.map(each, each.text)" }`,
    'output: { texts: "context.pages.map(each, each.text)", count: context.all.count }\n',
  );
  const counting = {
    ...doubling,
    name: 'two',
    input: z.object({ texts: z.array(z.string()) }),
    output: z.object({ count: z.number() }),
    run: ({ texts }: { texts: string[] }) => ({ count: texts.length }),
  } as AnyModel;

  it('reaches its model and its client by reference when no message carries it', async () => {
    await fleet.coordinator([flow], { artifacts: fleet.artifacts });
    await fleet.serve();
    await fleet.serve(counting);
    const seen = await fleet.sizes();
    const client = await fleet.clientWithStore();
    const { payload, run } = await client.run('sample', { list: words });
    expect(run).toMatchObject({ status: 'succeeded' });
    const { texts, count } = payload as { texts: ArtifactMarker; count: number };
    expect(count).toBe(200);
    const content = JSON.parse((await client.artifacts.bytes(texts, 10_000_000)).toString());
    expect(content).toEqual(words.map(({ text }) => text + text));
    expect(seen.filter(({ bytes }) => bytes > 256 * 1024)).toEqual([]);
  });

  it('leaves when the store can be used again', { timeout: 120_000 }, async () => {
    let away = true;
    const flaky: ArtifactStore = {
      ...fleet.artifacts.store,
      put: (...args) =>
        away ? Promise.reject(new Error('away')) : fleet.artifacts.store.put(...args),
    };
    await fleet.coordinator([flow], { artifacts: { ...fleet.artifacts, store: flaky } });
    await fleet.serve();
    await fleet.serve(counting);
    const client = await fleet.clientWithStore();
    const { run } = await client.submit('sample', { list: words });
    await eventually(async () => {
      const found = await fleet.store.findRun(run);
      return found?.finishedAtMs === null && JSON.stringify(found.state).includes('"all"');
    });
    away = false;
    // It is published again when it is overdue in the outbox, after 10 s.
    expect((await client.result(run)).run.status).toBe('succeeded');
  });

  it('fails with the field named where there is no store', async () => {
    await fleet.coordinator([flow]);
    await fleet.serve();
    await fleet.serve(counting);
    const client = await fleet.client();
    const { run } = await client.run('sample', { list: words });
    expect(run.error).toMatchObject({ code: 'message_too_large', step: 'all' });
    expect(run.error?.message).toContain('/context/pages alone takes');
  });
});
