import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, connectClient } from '../../shared/client/client.ts';
import { runIdOf } from '../../shared/envelope/ids.ts';
import type { JsonObject } from '../../shared/envelope/json.ts';
import { securingOf } from '../../shared/security/settings.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { connectAmqp } from '../../shared/transport/amqp/transport.ts';
import { exchange } from '../../shared/transport/topology.ts';
import type { Transport } from '../../shared/transport/transport.ts';
import type { FromSubmitter, ToSubmitter } from './fleet/messages.ts';
import { randomFlows, randomJob } from './flows/generate.ts';
import { SUBMITTER } from './plan/slots.ts';
import { FsyncedLines } from './records/files.ts';
import { folderAt } from './records/folder.ts';
import type { HeardLine, LedgerLine, ResultLine } from './records/lines.ts';

/**
 * Submits the jobs of a seed as they are released, and waits for each result for as long as it takes:
 * `node submitter-process.ts <url> <folder> <seed> <jobs>`. What it says was accepted is on the disk.
 */
const [url = '', root = '', seedText = '', jobsText = ''] = process.argv.slice(2);
const seed = Number(seedText);
const jobs = Number(jobsText);
const flows = randomFlows(seed);
const folder = folderAt(root);
const ledger = new FsyncedLines(folder.ledger);
const results = new FsyncedLines(folder.results);
const heard = new FsyncedLines(folder.heard);
const logger = createLogger('chaos-submitter');

const transport = await connectAmqp({ url, clientName: 'chaos-submitter', logger });
const identity = { party: 'client', name: SUBMITTER } as const;
const secured = securingOf({ KEYS_DIR: folder.keys }, identity, logger);
const client = await connectClient({ transport: secured(transport), logger });
await listen(transport);

let released = 0;
let accepted = 0;
let finished = 0;
let told = '';

process.on('message', (message: ToSubmitter) => {
  const first = released;
  released = Math.min(jobs, released + message.jobs);
  for (let number = first; number < released; number += 1) void settle(client, number);
});
process.on('disconnect', () => process.exit(1));
setInterval(() => {
  const open = released - finished;
  if (told === `${released} ${accepted} ${finished}`) return;
  told = `${released} ${accepted} ${finished}`;
  tell({ type: 'progress', accepted, finished, open });
}, 20);
tell({ type: 'ready' });

/** One job from its first line in the ledger to its result. */
async function settle(by: Client, number: number): Promise<void> {
  const { id: job, flow, payload } = randomJob(seed, number, flows);
  const run = runIdOf('default', by.name, job);
  await note('planned');
  for (;;) {
    try {
      await by.submit(flow.name, { ...payload, list: [...payload.list] }, { id: job });
      break;
    } catch (error) {
      logger.warn({ job, reason: String(error) }, 'not accepted; submitting again');
      await pause(200);
    }
  }
  await note('accepted');
  accepted += 1;
  const result = await resultOf(by, run);
  const line: ResultLine = {
    job,
    run,
    status: result.run.status,
    payload: result.payload,
    ...(result.run.error ? { code: result.run.error.code } : {}),
    at: Date.now(),
  };
  await results.append(line);
  finished += 1;
  if (finished === jobs) tell({ type: 'finished' });

  function note(what: LedgerLine['what']): Promise<void> {
    return ledger.append({ job, run, number, what, at: Date.now() } satisfies LedgerLine);
  }
}

async function resultOf(by: Client, run: string) {
  for (;;) {
    try {
      return await by.result(run);
    } catch (error) {
      logger.warn({ run, reason: String(error) }, 'no result; asking again');
      await pause(200);
    }
  }
}

/** Hears every result message, also those that the client library would drop. */
async function listen(by: Transport): Promise<void> {
  const ready = Promise.withResolvers<Awaited<ReturnType<Transport['consumeExclusive']>>>();
  const subscription = await by.consumeExclusive(
    {
      name: `client.anonymous.chaos-${process.pid}`,
      bindings: ['succeeded', 'failed', 'cancelled', 'timed_out'].map((status) => ({
        exchange: exchange.results,
        routingKey: `*.${status}.#`,
      })),
    },
    {
      prefetch: 200,
      onBatch: async (deliveries) => {
        for (const { body, routingKey } of deliveries) {
          if (routingKey.startsWith('operation.')) continue;
          const { run } = JSON.parse(Buffer.from(body).toString()) as { run: JsonObject };
          const digest = createHash('sha256').update(body).digest('hex');
          void heard.append({ run: String(run['id']), digest } satisfies HeardLine);
        }
        (await ready.promise).settle(deliveries, 'ack');
      },
    },
  );
  ready.resolve(subscription);
}

function tell(message: FromSubmitter): void {
  process.send?.(message);
}
