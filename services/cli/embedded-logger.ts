import { createLogger, type Logger } from '../../shared/telemetry/logger.ts';

/** The log of a fleet inside the command line: silent unless LOG_LEVEL asks for it, and then on standard error. */
export function embeddedLogger(env: Readonly<Record<string, string | undefined>>): Logger {
  return createLogger('flotilla', env['LOG_LEVEL'] || 'silent');
}
