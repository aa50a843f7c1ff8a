import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { corpus, firstOfEach } from './corpus/corpus.ts';
import { runCases } from './run.ts';

/** A cut of `npm run test:hostile`: each family once. */

let broker: TestBroker;

beforeAll(async () => {
  broker = await testBroker();
});
afterAll(() => broker.stop());

it('one hostile input of each family has its code, crashes nothing and reaches no model', async () => {
  const { summary, failures } = await runCases(firstOfEach(corpus), broker.url);
  expect(failures).toEqual([]);
  expect(summary).toMatchObject({ wrongCode: 0, crashes: 0, modelCalls: 0 });
}, 240_000);
