import { setTimeout as wait } from 'node:timers/promises';
import { serve } from '../../../shared/worker/serve.ts';
import { echo } from '../../unit/worker/harness.ts';

/** A worker process whose calls take as long as their text says, in milliseconds. */
await serve(
  echo({
    async run(input, { signal }) {
      await wait(Number(input['text']) || 0, undefined, { signal });
      return input;
    },
  }),
);
