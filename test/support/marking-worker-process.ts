/**
 * A worker process for tests that kill workers: `node marking-worker-process.ts <model> <mark> [hang|abort]` serves a model that appends
 * the mark to the text, and says on standard output when it serves and when it is called. With `hang` a call never ends; with `abort`
 * the text "poison" crashes the process, which takes one call at a time then.
 */
import { z } from 'zod';
import { environment } from '../../shared/lifecycle/environment.ts';
import { instanceName } from '../../shared/lifecycle/instance-name.ts';
import { silentLogger } from '../../shared/telemetry/logger.ts';
import { connectAmqp } from '../../shared/transport/amqp/transport.ts';
import { defineModel } from '../../shared/worker/model.ts';
import { startWorker } from '../../shared/worker/worker.ts';

const [, , name = '', mark = '', mode] = process.argv;
const shape = z.object({ text: z.string() });

const transport = await connectAmqp({ url: environment()['AMQP_URL'] ?? '' });
await startWorker({
  transport,
  logger: silentLogger,
  instance: instanceName(),
  model: defineModel({
    name,
    version: 1,
    description: 'Appends a mark.',
    input: shape,
    output: shape,
    concurrency: mode === 'abort' ? 1 : 10,
    async run({ text }) {
      console.log(`called ${text}`);
      if (mode === 'abort' && text === 'poison') process.abort();
      if (mode === 'hang') await new Promise(() => {});
      return { text: `${text}${mark}` };
    },
  }),
});
console.log('serving');
