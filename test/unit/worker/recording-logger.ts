import type { Logger } from '../../../shared/telemetry/logger.ts';

export interface Line {
  readonly message: string | undefined;
  readonly fields: Record<string, unknown>;
}

/** A logger that keeps its lines. */
export function recording(lines: Line[], bindings: object = {}): Logger {
  const write = (fields: object, message?: string) =>
    void lines.push({ message, fields: { ...bindings, ...fields } });
  return {
    debug: write,
    info: write,
    warn: write,
    error: write,
    child: (more) => recording(lines, { ...bindings, ...more }),
  };
}
