import { openSharedArtifacts } from '../../../shared/artifacts/open-store.ts';
import { type Client, connectClient } from '../../../shared/client/client.ts';
import { clientNameOf } from '../../../shared/client/client-name.ts';
import { type Awaited, resultOrRest } from '../../../shared/client/result-or-rest.ts';
import { readEnv } from '../../../shared/config/env.ts';
import { clientSecuringOf } from '../../../shared/security/settings.ts';
import { brokerOptions, brokerSettings } from '../../../shared/transport/amqp/environment.ts';
import { connectAmqp } from '../../../shared/transport/amqp/transport.ts';
import { embeddedLogger } from '../embedded-logger.ts';
import type { NamedBroker } from '../input/broker-url.ts';
import { untilInterrupted } from '../interrupted.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { RunLine } from './follow.ts';
import { type AskedJob, PATIENCE_MS } from './job.ts';
import { saveOutput } from './save-output.ts';

/** A command does not wait for ever for a broker that is not there; `flotilla up` does. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Never an argument: others on the machine can read those. */
const API_KEY = 'FLOTILLA_API_KEY';

/** Does something with a client on a broker, and closes it. Throws FleetError when the broker cannot be reached. */
export function withClient<T>(
  broker: NamedBroker,
  terminal: Terminal,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  return untilInterrupted(async (closing) => {
    const logger = embeddedLogger(terminal.env);
    const connected = await connectAmqp({
      ...brokerOptions(readEnv(brokerSettings, { ...terminal.env, AMQP_URL: broker.url }), 'cli'),
      clientName: 'flotilla',
      role: 'client',
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      logger,
    });
    closing.add(() => connected.close());
    const apiKey = terminal.env[API_KEY];
    const options = { transport: connected, ...(apiKey ? { apiKey } : {}) };
    const identity = { party: 'client', name: clientNameOf(options) } as const;
    const transport = clientSecuringOf(terminal.env, identity, logger)(connected);
    closing.add(() => transport.close());
    const artifacts = await openSharedArtifacts(broker.url, terminal.env);
    if (artifacts !== undefined) closing.add(() => artifacts.store.close());
    const stored = artifacts === undefined ? {} : { artifacts };
    const client = await connectClient({ ...options, ...stored, transport, logger });
    closing.add(() => client.close());
    return await work(client);
  });
}

/** Runs one job on the fleet behind a broker, until it has ended or rests. */
export function runOnBroker(
  job: AskedJob,
  broker: NamedBroker,
  terminal: Terminal,
): Promise<Awaited> {
  const line = new RunLine(job.flow, terminal.err);
  const { timeoutMs, budget, priority } = job;
  const submit = {
    files: job.files,
    ...(budget === undefined ? {} : { budget }),
    ...(priority === undefined ? {} : { priority }),
    ...(timeoutMs === undefined ? {} : { deadlineMs: timeoutMs }),
  };
  const wait = timeoutMs === undefined ? {} : { timeoutMs: timeoutMs + PATIENCE_MS };
  const awaited = withClient(broker, terminal, async (client) => {
    const { run } = await client.submit(job.flow, job.payload, submit);
    const ended = await resultOrRest(client, run, wait);
    if (job.out !== undefined) await saveOutput(ended, job.out, client);
    return ended;
  });
  return awaited.finally(() => line.close());
}
