import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { SimulatedProcess } from '../virtual/process.ts';
import type { World } from './world.ts';

/** The log of a process, in the trace. */
export function traceLogger(world: World, process: SimulatedProcess): Logger {
  const say = (level: string) => (fields: object, message?: string) => {
    const { code, err } = fields as { readonly code?: string; readonly err?: unknown };
    const cause = err instanceof Error ? ` (${err.message})` : '';
    world.trace.write(process.name, `${level} ${code ?? ''} ${message ?? ''}${cause}`);
  };
  const logger: Logger = {
    debug: () => {},
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    child: () => logger,
  };
  return logger;
}
