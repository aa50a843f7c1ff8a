import { z } from 'zod';
import { openSharedArtifacts } from '../artifacts/open-store.ts';
import { readEnv } from '../config/env.ts';
import { ConfigError, FleetError } from '../errors/errors.ts';
import { armFailpoint } from '../failpoints/failpoint.ts';
import { instanceName } from '../lifecycle/instance-name.ts';
import { stopSignal } from '../lifecycle/signals.ts';
import { type Securing, securingOf } from '../security/settings.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { connectService } from '../transport/amqp/connect-service.ts';
import { brokerSettings } from '../transport/amqp/environment.ts';
import type { AnyModel } from './model.ts';
import { startWorker } from './worker.ts';

/** The environment of a worker process. */
const settings = brokerSettings.extend({
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Default: host, process id and four random digits. */
  INSTANCE: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'must be 1 to 64 letters, digits, "_", "." and "-"')
    .optional(),
  /** Default: the model's own. */
  CONCURRENCY: z.coerce.number().int().min(1).max(10_000).optional(),
  /** How long a stop waits for calls that have begun. */
  DRAIN_MS: z.coerce.number().int().min(0).max(86_400_000).default(25_000),
});
type Settings = z.infer<typeof settings>;

/** A model, or how to make it of the environment; what it throws is reported like a wrong environment. */
export type Served = AnyModel | ((env: Readonly<Record<string, string | undefined>>) => AnyModel);

/**
 * A worker process: reads the environment, connects, serves the model until SIGTERM or SIGINT, drains, and ends with 0. While
 * there is no broker it keeps trying. Ends with 2 for a wrong environment, with 1 when it cannot serve; never rejects.
 */
export async function serve(served: Served): Promise<void> {
  const stopped = stopSignal();
  try {
    const env = readEnv(settings, process.env);
    armFailpoint(process.env);
    const model = typeof served === 'function' ? served(process.env) : served;
    const logger = createLogger(model.name, env.LOG_LEVEL);
    const secured = securingOf(process.env, { party: 'worker', name: model.name }, logger);
    await serveUntil(stopped, model, env, secured, logger);
    process.exitCode = 0;
  } catch (error) {
    const text = error instanceof FleetError ? `${error.code}: ${error.message}` : String(error);
    process.stderr.write(`${text}\n`);
    process.exitCode = error instanceof ConfigError ? 2 : 1;
  }
  // An attempt to connect that is still under way would keep the process.
  process.exit();
}

async function serveUntil(
  stopped: Promise<unknown>,
  model: AnyModel,
  env: Settings,
  secured: Securing,
  logger: Logger,
): Promise<void> {
  const stop = stopped.then(() => undefined);
  const artifacts = await openSharedArtifacts(env.AMQP_URL, process.env);
  const connecting = connectService({
    env,
    service: model.name,
    role: 'worker',
    logger,
  });
  // A connection that comes after the stop is of no use to anybody.
  connecting.catch(() => {});
  const connected = await Promise.race([connecting, stop]);
  if (connected === undefined) return;
  const transport = secured(connected);
  const starting = startWorker({
    model,
    transport,
    logger,
    instance: env.INSTANCE ?? instanceName(),
    drainMs: env.DRAIN_MS,
    ...(artifacts === undefined ? {} : { artifacts }),
    ...(env.CONCURRENCY === undefined ? {} : { concurrency: env.CONCURRENCY }),
  });
  starting.catch(() => {});
  const worker = await Promise.race([starting, stop]);
  await stop;
  logger.info({ model: model.name }, 'stopping');
  await worker?.stop();
  await transport.close();
  await artifacts?.store.close();
}
