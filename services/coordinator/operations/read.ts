import type { Verbs } from '../../../shared/client/verbs.ts';
import type { JsonObject } from '../../../shared/envelope/json.ts';
import { FlowBook } from '../flow-book.ts';
import { deadList } from './dead-list.ts';
import { deadShow } from './dead-show.ts';
import type { Operation, ReadingContext } from './operation.ts';
import { runGet } from './run-get.ts';
import { runList } from './run-list.ts';

/** The verbs that only read. */
export type ReadingVerb = 'run.list' | 'run.get' | 'dead.list' | 'dead.show';

const reading: Readonly<Record<ReadingVerb, Operation<ReadingContext>>> = {
  'run.list': runList,
  'run.get': runGet,
  'dead.list': deadList,
  'dead.show': deadShow,
};

/** Answers from a store alone, with no coordinator at work on it. Throws as the operation does. */
export async function readFrom<V extends ReadingVerb>(
  verb: V,
  args: Verbs[V]['args'],
  context: Omit<ReadingContext, 'flows'>,
): Promise<Verbs[V]['answer']> {
  const answer = await reading[verb].run(args as JsonObject, {
    ...context,
    flows: new FlowBook([]),
  });
  return answer as Verbs[V]['answer'];
}
