import { pino } from 'pino';

/** The part of pino that Flotilla uses; lines are JSON on standard error, so that standard output stays the program's. */
export interface Logger {
  debug(fields: object, message?: string): void;
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
  child(bindings: object): Logger;
}

/** A logger for one service. `level` is a pino level or `silent`. */
export function createLogger(service: string, level = 'info'): Logger {
  return pino({ level, base: { service } }, pino.destination({ dest: 2, sync: false }));
}

/** A logger that writes nothing. */
export const silentLogger: Logger = pino({ level: 'silent' });
