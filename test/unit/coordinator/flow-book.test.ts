import { describe, expect, it } from 'vitest';
import { FlowBook } from '../../../services/coordinator/flow-book.ts';
import { openSqliteStore } from '../../../services/coordinator/store/sqlite/sqlite-store.ts';
import { compileSource, readFlow } from '../../../shared/flow/load.ts';
import { chainFlow } from '../../support/chain-flow.ts';
import { aRun } from '../../support/run-builder.ts';

/** A flow that nests the chain. */
function nesting() {
  const inner = chainFlow(['one']);
  const text = JSON.stringify({
    flow: 'outer',
    version: 1,
    description: 'A flow in a flow.',
    input: { type: 'object' },
    do: [{ flow: 'inside', of: 'chain' }],
    output: { text: 'context.inside.text' },
  });
  const source = readFlow(text, 'outer.json');
  const outer = 'definition' in source ? compileSource(source, () => inner.definition) : source;
  if (!('flow' in outer)) throw new Error(JSON.stringify(outer));
  return { inner, outer };
}

describe('the flow book', () => {
  it('gives the newest version unless one is asked for', () => {
    const [one, two] = [chainFlow(['one']), chainFlow(['two'], 'chain', { version: 2 })];
    const book = new FlowBook([two, one]);
    expect(book.find('chain')).toBe(two.flow);
    expect(book.find('chain', 1)).toBe(one.flow);
    expect(book.find('chain', 3)).toBeUndefined();
    expect(book.find('nothing')).toBeUndefined();
  });

  it('has a flow for each model, made of its name', () => {
    const book = new FlowBook([]);
    const flow = book.find('call-sentiment');
    expect(flow).toMatchObject({ name: 'call-sentiment', models: [{ model: 'sentiment' }] });
    expect(book.find('call-sentiment')).toBe(flow);
    expect(book.find('call-Sentiment')).toBeUndefined();
    expect(book.find('call-')).toBeUndefined();
  });

  it('compiles a stored definition again, with the flows that were nested in it', async () => {
    const store = openSqliteStore(':memory:');
    const { inner, outer } = nesting();
    await new FlowBook([inner, outer]).save(store);
    const run = aRun('r', { flow: 'outer', flowDigest: outer.flow.digest });
    const later = new FlowBook([chainFlow(['other'])]);
    const flow = await store.transaction((work) => later.pinned(run, work));
    expect(flow.digest).toBe(outer.flow.digest);
    expect(flow.models).toEqual([{ model: 'one' }]);
    const lost = aRun('l', { flowDigest: 'unknown' });
    const missing = store.transaction((work) => later.pinned(lost, work));
    await expect(missing).rejects.toMatchObject({ code: 'flow_missing' });
    await store.close();
  });

  it('names the flows that wait for a model', () => {
    const book = new FlowBook([chainFlow(['one', 'two']), chainFlow(['two'], 'other')]);
    expect(book.namesCalling('two')).toEqual(['chain', 'other', 'call-two']);
    expect(book.namesCalling('nobody')).toEqual(['call-nobody']);
  });
});
